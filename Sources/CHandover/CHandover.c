#define _GNU_SOURCE
#include "CHandover.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

// Room for more than is ever wanted: what did not fit would still have been opened for some kernels.
enum { RECEIVED_DESCRIPTORS = 2 * CHANDOVER_DESCRIPTORS };

int chandover_send(int socket, const void *bytes, size_t count, const int *descriptors, int passed) {
    if (passed < 0 || passed > CHANDOVER_DESCRIPTORS) {
        errno = EINVAL;
        return -1;
    }
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union {
        struct cmsghdr alignment;
        char bytes[CMSG_SPACE(CHANDOVER_DESCRIPTORS * sizeof(int))];
    } control = {0};
    if (passed > 0) {
        size_t size = (size_t)passed * sizeof(int);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(rights), descriptors, size);
    }
    ssize_t sent;
    do sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -1 : 0;
}

ssize_t chandover_receive(int socket, void *bytes, size_t capacity, int *descriptors, int *passed) {
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    union {
        struct cmsghdr alignment;
        char bytes[CMSG_SPACE(RECEIVED_DESCRIPTORS * sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    *passed = 0;
    ssize_t count;
    do count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -1;

    int bad = message.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t there = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < there; i++) {
            int one;
            memcpy(&one, CMSG_DATA(header) + i * sizeof one, sizeof one);
            if (*passed < CHANDOVER_DESCRIPTORS) {
                descriptors[(*passed)++] = one;
            } else {
                close(one);
                bad = 1;
            }
        }
    }
    if (!bad) return count;
    while (*passed > 0) close(descriptors[--*passed]);
    errno = EBADMSG;
    return -1;
}

int chandover_peer_user(int socket, uid_t *user) {
    struct ucred peer;
    socklen_t bytes = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return -1;
    *user = peer.uid;
    return 0;
}
