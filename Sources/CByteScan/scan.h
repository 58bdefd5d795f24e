#pragma once

#include <stdint.h>
#include <string.h>

// Swift has no way from a comparison of vectors to the bits of an integer; Clang has, on every processor (pmovmskb on
// x86-64, narrowing shifts on arm64). So the one step of the CSV scanner that needs it is here.

typedef unsigned char churn_bytes64 __attribute__((ext_vector_type(64)));
typedef _Bool churn_bits64 __attribute__((ext_vector_type(64)));
typedef unsigned char churn_bytes16 __attribute__((ext_vector_type(16)));
typedef _Bool churn_bits16 __attribute__((ext_vector_type(16)));

// A macro: a function with a 512-bit argument would have another ABI with AVX-512 than without.
#define CHURN_BITS64(condition) \
    __builtin_bit_cast(uint64_t, __builtin_convertvector((churn_bytes64)(condition), churn_bits64))

/// Which of 64 bytes are what; bit i stands for byte i.
typedef struct {
    uint64_t separators;
    uint64_t line_feeds;
    uint64_t quotes;
    /// Not 0 when some byte is above 0x7F; which one, the bits do not tell.
    uint32_t high;
} churn_scanned;

/// Reads 64 bytes, of any alignment.
static inline churn_scanned churn_scan64(const unsigned char *bytes, unsigned char separator) {
    churn_bytes64 block;
    memcpy(&block, bytes, sizeof block);
    churn_scanned result;
    result.separators = CHURN_BITS64(block == separator);
    result.line_feeds = CHURN_BITS64(block == '\n');
    result.quotes = CHURN_BITS64(block == '"');
    // All four quarters at once: only whether there is one is asked.
    churn_bytes16 parts[4];
    memcpy(parts, bytes, sizeof parts);
    churn_bytes16 merged = (parts[0] | parts[1]) | (parts[2] | parts[3]);
    result.high = __builtin_bit_cast(uint16_t, __builtin_convertvector((churn_bytes16)(merged > 0x7F), churn_bits16));
    return result;
}
