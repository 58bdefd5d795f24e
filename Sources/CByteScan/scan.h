#pragma once

#include <stdint.h>
#include <string.h>

// Swift has no way from a comparison of vectors to the bits of an integer; Clang has, on every processor (pmovmskb on
// x86-64, narrowing shifts on arm64). So the one step of the CSV scanner that needs it is here.

typedef unsigned char churn_bytes64 __attribute__((ext_vector_type(64)));
typedef _Bool churn_bits64 __attribute__((ext_vector_type(64)));

// A macro: a function with a 512-bit argument would have another ABI with AVX-512 than without.
#define CHURN_BITS64(condition) \
    __builtin_bit_cast(uint64_t, __builtin_convertvector((churn_bytes64)(condition), churn_bits64))

/// Which of 64 bytes are what; bit i stands for byte i.
typedef struct {
    uint64_t separators;
    uint64_t line_feeds;
    uint64_t quotes;
    /// Above 0x7F.
    uint64_t high;
} churn_scanned;

/// Reads 64 bytes, of any alignment.
static inline churn_scanned churn_scan64(const unsigned char *bytes, unsigned char separator) {
    churn_bytes64 block;
    memcpy(&block, bytes, sizeof block);
    churn_scanned result;
    result.separators = CHURN_BITS64(block == separator);
    result.line_feeds = CHURN_BITS64(block == '\n');
    result.quotes = CHURN_BITS64(block == '"');
    result.high = CHURN_BITS64(block > 0x7F);
    return result;
}
