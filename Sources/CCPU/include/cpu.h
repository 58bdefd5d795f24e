#pragma once

#include <stdbool.h>

/// Whether this processor, and the operating system on it, run x86-64-v3 code (AVX2, FMA). False on other processors.
bool churn_cpu_has_x86_64_v3(void);

/// The same of x86-64-v4 (AVX-512 F, BW, CD, DQ, VL).
bool churn_cpu_has_x86_64_v4(void);

/// Asks for the cache line that holds `address`, without waiting for it. Any address is allowed.
static inline void churn_prefetch(const void *address) { __builtin_prefetch(address); }
