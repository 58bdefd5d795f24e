#include "cpu.h"

// The compiler's own probe: it asks CPUID for the features and XGETBV for the registers that the system saves.
#if defined(__x86_64__)

bool churn_cpu_has_x86_64_v3(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v3") != 0;
}

bool churn_cpu_has_x86_64_v4(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v4") != 0;
}

#else

bool churn_cpu_has_x86_64_v3(void) { return false; }

bool churn_cpu_has_x86_64_v4(void) { return false; }

#endif
