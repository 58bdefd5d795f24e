#define _GNU_SOURCE
#include "CEpoll.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

const uint32_t CEPOLL_IN = EPOLLIN;
const uint32_t CEPOLL_OUT = EPOLLOUT;
const uint32_t CEPOLL_GONE = EPOLLERR | EPOLLHUP;

enum { MOST_EVENTS = 256 };

int cepoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

int cepoll_add(int epoll, int descriptor, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, events, token);
}

int cepoll_change(int epoll, int descriptor, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, events, token);
}

int cepoll_remove(int epoll, int descriptor) { return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0); }

int cepoll_wait(int epoll, cepoll_event *events, int capacity) {
    struct epoll_event found[MOST_EVENTS];
    int count = epoll_wait(epoll, found, capacity < MOST_EVENTS ? capacity : MOST_EVENTS, -1);
    for (int i = 0; i < count; i++) {
        events[i].token = found[i].data.u64;
        events[i].events = found[i].events;
    }
    return count;
}

int cepoll_wakeup_create(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

void cepoll_wake(int wakeup) {
    uint64_t one = 1;
    // It fails only when the counter is full, and then it is readable anyway.
    ssize_t written = write(wakeup, &one, sizeof one);
    (void)written;
}

int cepoll_timer_create(long milliseconds) {
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer < 0) return -1;
    struct timespec interval = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    struct itimerspec times = {.it_interval = interval, .it_value = interval};
    if (timerfd_settime(timer, 0, &times, NULL) == 0) return timer;
    close(timer);
    return -1;
}

void cepoll_clear(int descriptor) {
    uint64_t count;
    // Nothing to read is what is wanted.
    ssize_t got = read(descriptor, &count, sizeof count);
    (void)got;
}

int cepoll_accept(int listener) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
        int on = 1;
        // Only answers come later without it.
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return descriptor;
}

// sched_setattr(2) has no wrapper in the C library before 2.41; this is its first version of the attributes.
void cepoll_prefer_short_slices(void) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {.size = sizeof attributes, .nice = getpriority(PRIO_PROCESS, 0), .runtime = 100000};
    // Refused by nobody who matters: the thread is then scheduled like any other.
    syscall(SYS_sched_setattr, 0, &attributes, 0);
}
