// The twin for one level: included once for each, with LEVEL and MULTIPLY_ADD(a, b, c), which is a + b c, set.

#define JOINED(name, level) name##_##level
#define NAMED_(name, level) JOINED(name, level)
#define NAMED(name) NAMED_(name, LEVEL)

// 1 / (1 + exp(-z)), of T, a scalar or a vector of doubles, whose bits are B.
#define SIGMOID(NAME, T, B)                                                                                            \
    INLINE T NAMED(NAME)(T z) {                                                                                        \
        const T zero = (T)0, one = (T)1;                                                                               \
        union { T number; B bits; } x = {.number = z}, a, b;                                                           \
        x.bits |= 0x8000000000000000;                                                                                  \
        x.number = x.number < zero - 746 ? zero - 746 : x.number;                                                     \
        const T n = (x.number * 0x1.71547652b82fep0 + 0x1.8p52) - 0x1.8p52;                                            \
        const T r = (x.number - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;                                      \
        const T r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;                                                                \
        const T q23 = MULTIPLY_ADD(zero + 0x1.000000000000ap-1, zero + 0x1.55555555554fap-3, r);                       \
        const T q45 = MULTIPLY_ADD(zero + 0x1.555555555088cp-5, zero + 0x1.1111111127b9cp-7, r);                       \
        const T q67 = MULTIPLY_ADD(zero + 0x1.6c16c18426753p-10, zero + 0x1.a01a012a69a1cp-13, r);                     \
        const T q89 = MULTIPLY_ADD(zero + 0x1.a0199a16ca44bp-16, zero + 0x1.71df253a42b03p-19, r);                     \
        const T q1011 = MULTIPLY_ADD(zero + 0x1.28ad68b9bb8cap-22, zero + 0x1.ad7f7af885022p-26, r);                   \
        const T low = MULTIPLY_ADD(q23, q45, r2), high = MULTIPLY_ADD(q67, q89, r2);                                   \
        const T q = MULTIPLY_ADD(MULTIPLY_ADD(low, high, r4), q1011, r8);                                              \
        const T p = 1 + MULTIPLY_ADD(r, r2, q);                                                                        \
        a.number = n * 0.5 + (0x1.8p52 + 1023);                                                                        \
        b.number = (n - (a.number - (0x1.8p52 + 1023))) + (0x1.8p52 + 1023);                                           \
        a.bits <<= 52;                                                                                                 \
        b.bits <<= 52;                                                                                                 \
        const T e = p * a.number * b.number;                                                                           \
        return (z < zero ? e : one) / (1 + e);                                                                         \
    }

SIGMOID(sigmoid, double, uint64_t)
SIGMOID(sigmoids, v8, u8)

void NAMED(churn_twin_vectors)(const double *const *columns, const double *weights, size_t count, double bias,
                               size_t rows, double *restrict probabilities) {
    size_t row = 0;
    for (; row + 8 <= rows; row += 8) {
        v8 z = (v8){0} + bias;
        for (size_t j = 0; j < count; j++) {
            z = MULTIPLY_ADD(z, (v8){0} + weights[j], *(const v8_unaligned *)(columns[j] + row));
        }
        *(v8_unaligned *)(probabilities + row) = NAMED(sigmoids)(z);
    }
    for (; row < rows; row++) {
        double z = bias;
        for (size_t j = 0; j < count; j++) z = MULTIPLY_ADD(z, weights[j], columns[j][row]);
        probabilities[row] = NAMED(sigmoid)(z);
    }
}

void NAMED(churn_twin_loops)(const double *const *columns, const double *weights, size_t count, double bias,
                             size_t rows, double *restrict probabilities) {
    for (size_t start = 0; start < rows; start += 512) {
        const size_t size = rows - start < 512 ? rows - start : 512;
        double *restrict out = probabilities + start;
        for (size_t row = 0; row < size; row++) out[row] = bias;
        for (size_t j = 0; j < count; j++) {
            const double *restrict column = columns[j] + start;
            const double weight = weights[j];
            for (size_t row = 0; row < size; row++) out[row] = MULTIPLY_ADD(out[row], weight, column[row]);
        }
        for (size_t row = 0; row < size; row++) out[row] = NAMED(sigmoid)(out[row]);
    }
}

#undef SIGMOID
#undef NAMED
#undef NAMED_
#undef JOINED
