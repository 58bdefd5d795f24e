// For a server under valgrind: LD_PRELOAD=sigsuspend.so valgrind churn serve ...
//
// Valgrind up to 3.19 writes into the mask that it finds in a call of sigsuspend. libdispatch waits with a mask in
// read-only memory, so the server would be ended by SIGSEGV. This one passes a copy.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int sigsuspend(const sigset_t *mask) {
    sigset_t copy = *mask;
    enum { KERNEL_MASK_BYTES = 8 };  // glibc's sigset_t has room for more signals than the kernel knows
    return (int)syscall(SYS_rt_sigsuspend, &copy, KERNEL_MASK_BYTES);
}
