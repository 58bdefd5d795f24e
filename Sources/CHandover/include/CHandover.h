// Passing a descriptor between processes (unix(7), SCM_RIGHTS), which is macros in C and so not in Swift.
#ifndef CHANDOVER_H
#define CHANDOVER_H

#include <stddef.h>
#include <sys/types.h>

// Sends one packet, with `descriptor` unless that is -1. Does not block and raises no SIGPIPE.
// 0, or -1 with errno set.
int chandover_send(int socket, const void *bytes, size_t count, int descriptor);

// Receives one packet of at most `capacity` bytes, and the descriptor that came with it, closed on exec, else -1.
// Blocks as the socket does. The length; 0 at the end; -1 with errno set, EBADMSG for a packet that is longer than
// `capacity`, or comes with more than one descriptor: all of them are closed then.
ssize_t chandover_receive(int socket, void *bytes, size_t capacity, int *descriptor);

// The effective user of the process that connected, or that listened. 0, or -1 with errno set.
int chandover_peer_user(int socket, uid_t *user);

#endif
