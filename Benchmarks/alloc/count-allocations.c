// Counts the heap allocations of a process: LD_PRELOAD=count-allocations.so COUNT_ALLOCATIONS=FILE program ...
//
// The counters lie in FILE, which is mapped, so that another program reads them while this one runs, and asks for call
// stacks by setting `sampling`. Layout: struct counters, little-endian, read by Benchmarks/rows/13-allocations.
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FRAMES = 24, STACKS = 4096 };

struct stack {
    _Atomic uint64_t key;  // 0: free
    _Atomic uint64_t count;
    uint64_t frame[FRAMES];
};

struct counters {
    _Atomic uint64_t allocations, bytes, sampling, lost;
    struct stack stack[STACKS];
};

// glibc's own names for what is interposed here: they need no dlsym, which would allocate.
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t),
    *__libc_memalign(size_t, size_t);

static struct counters *counters;
static _Thread_local int inside __attribute__((tls_model("initial-exec")));

__attribute__((constructor)) static void map_counters(void) {
    const char *path = getenv("COUNT_ALLOCATIONS");
    if (!path) return;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(struct counters)) != 0) _exit(127);
    void *mapped = mmap(NULL, sizeof(struct counters), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) _exit(127);
    void *frame;
    backtrace(&frame, 1);  // it loads a library at its first call
    counters = mapped;
}

static void sample(void) {
    void *frames[FRAMES + 2] = {0};
    int depth = backtrace(frames, FRAMES + 2) - 2;  // without this function and the one that was interposed
    uint64_t key = 1469598103934665603;
    for (int at = 0; at < depth; at++) key = (key ^ (uint64_t)frames[at + 2]) * 1099511628211;
    if (key == 0) key = 1;
    for (size_t probe = 0; probe < 64; probe++) {
        struct stack *stack = &counters->stack[(key + probe) % STACKS];
        uint64_t free = 0;
        if (atomic_compare_exchange_strong(&stack->key, &free, key))
            for (int at = 0; at < depth; at++) stack->frame[at] = (uint64_t)frames[at + 2];
        if (atomic_load(&stack->key) != key) continue;
        stack->count++;
        return;
    }
    counters->lost++;
}

static void count(size_t bytes) {
    if (!counters || inside) return;
    inside = 1;
    counters->allocations++;
    counters->bytes += bytes;
    if (counters->sampling) sample();
    inside = 0;
}

void *malloc(size_t bytes) {
    count(bytes);
    return __libc_malloc(bytes);
}

void *calloc(size_t items, size_t bytes) {
    count(items * bytes);
    return __libc_calloc(items, bytes);
}

void *realloc(void *memory, size_t bytes) {
    count(bytes);
    return __libc_realloc(memory, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    count(bytes);
    return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    count(bytes);
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    count(bytes);
    *memory = __libc_memalign(alignment, bytes);
    return *memory ? 0 : ENOMEM;
}
