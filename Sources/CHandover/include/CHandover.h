// Passing a descriptor between processes (unix(7), SCM_RIGHTS), which is macros in C and so not in Swift.
#ifndef CHANDOVER_H
#define CHANDOVER_H

#include <stddef.h>
#include <sys/types.h>

// Most descriptors of one packet.
enum { CHANDOVER_DESCRIPTORS = 16 };

// Sends one packet, with `passed` descriptors, 0 to CHANDOVER_DESCRIPTORS. Does not block and raises no SIGPIPE.
// 0, or -1 with errno set.
int chandover_send(int socket, const void *bytes, size_t count, const int *descriptors, int passed);

// Receives one packet of at most `capacity` bytes, and the descriptors that came with it, closed on exec, into
// `descriptors`, which has room for CHANDOVER_DESCRIPTORS; their number into `passed`.
// Blocks as the socket does. The length; 0 at the end; -1 with errno set, EBADMSG for a packet that is longer than
// `capacity`, or comes with more descriptors: all of them are closed then.
ssize_t chandover_receive(int socket, void *bytes, size_t capacity, int *descriptors, int *passed);

// The effective user of the process that connected, or that listened. 0, or -1 with errno set.
int chandover_peer_user(int socket, uid_t *user);

#endif
