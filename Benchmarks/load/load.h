// A load generator for one server on this machine: one thread, epoll, bounded in count and in time.
// It connects to 127.0.0.1 and can be told no other address.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

// --- Small things -----------------------------------------------------------------------------------------

// Says why on standard error and ends with status 1. Children of a benchmark script have nothing to clean up.
noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

void *allocate(size_t count, size_t size);  // zeroed; never NULL
uint64_t now_ns(void);                      // CLOCK_MONOTONIC

// SplitMix64 (Steele, Lea, Flood 2014): one multiply-xor chain a number, good in every bit.
static inline uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

// Uniform over 0 ..< bound up to 2^-64 * bound, which is nothing here (Lemire 2019, without the rejection).
static inline size_t random_below(uint64_t *state, size_t bound) {
    return (size_t)(((unsigned __int128)next_random(state) * bound) >> 64);
}

// --- What is asked, and what must be answered ----------------------------------------------------------------

// A customer of the server, with the probability that the reference gives.
struct customer {
    int64_t id;
    double probability;
};

struct customers {
    size_t count;
    struct customer *at;
};

// A matrix by columns, with the probability that the reference gives each row.
struct matrix {
    size_t rows, columns;
    char **name;
    double **value;
    double *probability;
};

// Customers: 16 bytes each, id and probability, little-endian, so that a million are read in milliseconds.
// Matrix: CSV, a header with the names, the last column `probability`.
struct customers read_customers(const char *path);
struct matrix read_matrix(const char *path);

// The reference is another program (scikit-learn, or `churn score`); another order of summation and another exp
// differ by a few units in the last place. Anything that is wrong is wrong by far more than this.
static inline bool is_close(double value, double expected) {
    double difference = value - expected;
    return difference <= 1e-12 && difference >= -1e-12;  // false for NaN
}

// --- Protocols ------------------------------------------------------------------------------------------------

enum {
    REQUEST_LIMIT = 512,  // bytes of the longest request for one customer
    REPLY_LIMIT = 256,    // bytes of what a connection sends beside its requests, at a time
    CALLS_LIMIT = 4096,   // calls in flight of one connection, at most; a power of two
};

// One answer for one customer, found at the start of the bytes that have arrived.
struct answer {
    uint64_t call;  // 0: the protocol has none, answers come in order
    int64_t id;
    double probability;
    bool incomplete;  // these bytes are the protocol's own, or a part of an answer whose end comes later
};

struct protocol {
    const char *name;
    // What a connection has to remember, which the functions below get. NULL: nothing.
    void *(*open)(void);
    // Writes a request for the customer and returns its length, at most REQUEST_LIMIT. Calls are counted from 1.
    size_t (*request)(void *state, uint8_t *out, uint64_t call, int64_t id);
    // Reads one answer; returns its length, 0 when more bytes are needed. Fails the run on anything but success.
    size_t (*answer)(void *state, const uint8_t *in, size_t length, struct answer *out);
    // Writes what the connection has to send beside its requests, at most REPLY_LIMIT. NULL: never anything.
    size_t (*reply)(void *state, uint8_t *out);
    // A call that has been answered is followed by another at once, not when all calls of its connection have been.
    bool independent;
    // The answer is the same for everybody: nothing but its status and its length can be checked.
    bool constant;
};

extern const struct protocol churn_protocol, resp_protocol, grpc_protocol;
extern const struct protocol http_protocol, prototype_protocol, constant_protocol;

// Metadata of gRPC requests that differs in every call: a trace id of 32 hexadecimal digits.
enum trace_id { TRACE_NONE, TRACE_LITERAL, TRACE_INDEXED };
extern enum trace_id sent_trace_id;

// The customer id and the probability of a PredictByIdResponse.
void read_prediction(const uint8_t *message, size_t length, struct answer *out);

// The model that churn requests name; the server's default when empty.
extern const char *requested_model;

// One PredictBatch frame, header included. `capacity` must be at least what the first function says.
size_t batch_frame_bytes(size_t rows, const struct matrix *matrix);
size_t write_batch_of_columns(uint8_t *out, uint64_t call, const struct matrix *matrix);
size_t write_batch_of_ids(uint8_t *out, uint64_t call, const int64_t *ids, size_t count);
// The packed probabilities within one whole answer (length bytes, header included); unaligned.
const uint8_t *read_batch_answer(const uint8_t *frame, size_t length, uint64_t call, size_t rows);

// A frame's whole length once its header is there, else 0.
size_t frame_length(const uint8_t *in, size_t length);

// --- Histogram ------------------------------------------------------------------------------------------------

// Log-linear, as HdrHistogram's: every power of two is cut into 128, so a value is known to 0.8 %.
enum { HISTOGRAM_BITS = 7, HISTOGRAM_BUCKETS = (65 - HISTOGRAM_BITS) << HISTOGRAM_BITS };

struct histogram {
    uint64_t count, max;
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t ns);
// The smallest value that at least this fraction of all values does not exceed; the upper end of its bucket.
uint64_t histogram_quantile(const struct histogram *histogram, double fraction);
void print_histogram(const char *key, const struct histogram *histogram);

// --- Runs -------------------------------------------------------------------------------------------------------

struct plan {
    const struct protocol *protocol;
    uint16_t port;
    struct customers customers;
    bool exact;                   // answers must have the very bits of `customers`
    size_t connections, depth;
    size_t calls;                 // of a closed loop, rounded up to whole writes; 0: as many as the time allows
    double warmup_seconds, seconds;
    double rate;                  // arrivals a second; 0: closed loop
    uint64_t seed;
    const struct matrix *matrix;  // a batch of it is always in flight on a connection of its own; NULL: none
    size_t value_bytes;           // of what `fill` stores under a key
};

int connect_to_loopback(uint16_t port, bool blocking);

void run_calls(const struct plan *plan);                                            // closed and open loop
void run_batches(const struct plan *plan, size_t rows, size_t warmup, size_t runs);  // rows: of ids, 0 for the matrix
void run_fill(const struct plan *plan);                                             // Redis: one SET a customer
