#include "kernel_twin.h"

#include <stdint.h>

// Optimised like any C that is meant to be fast, and for one processor level after the other. Contraction is off:
// which products are fused is written out, so that the bits are those of the Swift kernel.
#pragma STDC FP_CONTRACT OFF

typedef double v8 __attribute__((ext_vector_type(8)));
typedef uint64_t u8 __attribute__((ext_vector_type(8)));
typedef double v8_unaligned __attribute__((ext_vector_type(8), aligned(8)));

#define INLINE static inline __attribute__((always_inline))

#define SEPARATE(a, b, c) ((a) + (b) * (c))
#define FUSED(a, b, c) __builtin_elementwise_fma(b, c, a)

#define LEVEL baseline
#define MULTIPLY_ADD SEPARATE
#include "kernel_twin_level.h"

#if defined(__x86_64__)

#undef LEVEL
#undef MULTIPLY_ADD
#define MULTIPLY_ADD FUSED

#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#define LEVEL v3
#include "kernel_twin_level.h"
#undef LEVEL
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"))), apply_to = function)
#define LEVEL v4
#include "kernel_twin_level.h"
#undef LEVEL
#pragma clang attribute pop

#endif
