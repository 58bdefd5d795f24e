#pragma once

#include <stddef.h>

// The scoring kernel of churn (Sources/ChurnKernelBaseline) written in C: the same operations in the same order, so the
// same bits. What Benchmarks/rows/07-kernels measures the Swift one against.
//
// `p[r] = 1 / (1 + exp(-(bias + sum over j of weights[j] * columns[j][r])))`, with `columns` of `rows` doubles each.

// Two ways to write it. `vectors`: eight lanes by the compilers' vector extension, as the Swift kernel has them. `loops`:
// plain loops over blocks of rows, vectorised and unrolled by the compiler as it likes.
#define CHURN_TWIN(level)                                                                                             \
    void churn_twin_vectors_##level(const double *const *columns, const double *weights, size_t count, double bias,   \
                                    size_t rows, double *restrict probabilities);                                     \
    void churn_twin_loops_##level(const double *const *columns, const double *weights, size_t count, double bias,     \
                                  size_t rows, double *restrict probabilities);

CHURN_TWIN(baseline)
#if defined(__x86_64__)
CHURN_TWIN(v3)
CHURN_TWIN(v4)
#endif
