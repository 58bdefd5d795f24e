// epoll(7), eventfd(2), timerfd(2) and accept4(2), which Swift's Glibc module does not have.
#ifndef CEPOLL_H
#define CEPOLL_H

#include <stdint.h>

// What epoll reports of one descriptor. The system's struct is packed on x86-64, so it is read behind functions.
typedef struct {
    uint64_t token;
    uint32_t events;
} cepoll_event;

extern const uint32_t CEPOLL_IN;
extern const uint32_t CEPOLL_OUT;
// Reported whether asked for or not: an error, or both directions closed.
extern const uint32_t CEPOLL_GONE;

// All return -1 with errno set when the system refuses.
int cepoll_create(void);
int cepoll_add(int epoll, int descriptor, uint32_t events, uint64_t token);
int cepoll_change(int epoll, int descriptor, uint32_t events, uint64_t token);
int cepoll_remove(int epoll, int descriptor);
// Waits without a limit of time for at most `capacity` events (256 at most).
int cepoll_wait(int epoll, cepoll_event *events, int capacity);

// A descriptor that becomes readable by `cepoll_wake` until `cepoll_clear`.
int cepoll_wakeup_create(void);
void cepoll_wake(int wakeup);
// A descriptor that becomes readable every `milliseconds` until `cepoll_clear`.
int cepoll_timer_create(long milliseconds);
// Makes a wake-up or a timer unreadable again.
void cepoll_clear(int descriptor);

// accept4(2), non-blocking and closed on exec, with TCP_NODELAY.
int cepoll_accept(int listener);

// Asks the scheduler to run the calling thread soon after it wakes, in short slices (Linux 6.12; elsewhere nothing).
void cepoll_prefer_short_slices(void);

#endif
