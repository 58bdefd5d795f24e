#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

noreturn void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void *allocate(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory) fail("out of memory");
    return memory;
}

uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

int connect_to_loopback(uint16_t port, bool blocking) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail("socket: %s", strerror(errno));
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0)
        fail("cannot connect to 127.0.0.1:%u: %s", port, strerror(errno));
    int on = 1;
    if (setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("TCP_NODELAY: %s", strerror(errno));
    // Only now: a connect that is still under way would have nothing to report.
    if (!blocking && fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0) fail("O_NONBLOCK: %s", strerror(errno));
    return descriptor;
}

// --- Files ----------------------------------------------------------------------------------------------------------

// The bytes of the file, with a NUL behind them.
static char *read_file(const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    if (!file) fail("%s: %s", path, strerror(errno));
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    if (size < 0) fail("%s: %s", path, strerror(errno));
    char *text = allocate((size_t)size + 1, 1);
    if (fread(text, 1, (size_t)size, file) != (size_t)size) fail("%s: cannot be read whole", path);
    fclose(file);
    *bytes = (size_t)size;
    return text;
}

// A number that `terminator` ends; `at` moves behind that.
static double number(char **at, char terminator, const char *path, size_t line) {
    char *end;
    double value = strtod(*at, &end);
    if (end == *at || *end != terminator) fail("%s, line %zu: not a number, or not the number of columns", path, line);
    *at = end + 1;
    return value;
}

struct customers read_customers(const char *path) {
    size_t bytes;
    struct customers customers = {.at = (struct customer *)read_file(path, &bytes)};
    customers.count = bytes / sizeof *customers.at;
    if (bytes == 0 || bytes % sizeof *customers.at != 0) fail("%s: not a whole number of customers", path);
    return customers;
}

struct matrix read_matrix(const char *path) {
    size_t bytes, lines = 0;
    char *text = read_file(path, &bytes);
    for (size_t at = 0; at < bytes; at++) lines += text[at] == '\n';
    if (lines < 2) fail("%s: no row in it", path);
    struct matrix matrix = {.rows = lines - 1};
    char *header_end = strchr(text, '\n');
    for (char *at = text; at < header_end; at++) matrix.columns += *at == ',';
    if (matrix.columns == 0) fail("%s: no column before `probability`", path);
    matrix.name = allocate(matrix.columns, sizeof *matrix.name);
    matrix.value = allocate(matrix.columns, sizeof *matrix.value);
    matrix.probability = allocate(matrix.rows, sizeof *matrix.probability);
    char *at = text;
    for (size_t column = 0; column < matrix.columns; column++) {
        char *end = strchr(at, ',');
        matrix.name[column] = strndup(at, (size_t)(end - at));
        matrix.value[column] = allocate(matrix.rows, sizeof(double));
        at = end + 1;
    }
    if (strncmp(at, "probability\n", 12) != 0) fail("%s: the last column is not `probability`", path);
    at = header_end + 1;
    for (size_t row = 0; row < matrix.rows; row++) {
        for (size_t column = 0; column < matrix.columns; column++)
            matrix.value[column][row] = number(&at, ',', path, row + 2);
        matrix.probability[row] = number(&at, '\n', path, row + 2);
    }
    free(text);
    return matrix;
}

// --- Histogram ------------------------------------------------------------------------------------------------------

static size_t bucket_of(uint64_t value) {
    if (value < 1 << HISTOGRAM_BITS) return value;
    int shift = 63 - __builtin_clzll(value) - HISTOGRAM_BITS;
    return ((size_t)shift << HISTOGRAM_BITS) + (value >> shift);
}

static uint64_t bucket_end(size_t bucket) {
    if (bucket < 2 << HISTOGRAM_BITS) return bucket;
    int shift = (int)(bucket >> HISTOGRAM_BITS) - 1;
    uint64_t first = (uint64_t)(bucket - ((size_t)shift << HISTOGRAM_BITS)) << shift;
    return first + (1ull << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t ns) {
    histogram->bucket[bucket_of(ns)]++;
    histogram->count++;
    if (ns > histogram->max) histogram->max = ns;
}

uint64_t histogram_quantile(const struct histogram *histogram, double fraction) {
    double wanted = fraction * (double)histogram->count;
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->bucket[bucket];
        if (seen == 0 || (double)seen < wanted) continue;
        return bucket_end(bucket) < histogram->max ? bucket_end(bucket) : histogram->max;
    }
    return histogram->max;
}

void print_histogram(const char *key, const struct histogram *histogram) {
    printf("\"%s\": {\"p50\": %lu, \"p99\": %lu, \"p999\": %lu, \"max\": %lu}", key,
           histogram_quantile(histogram, 0.5), histogram_quantile(histogram, 0.99),
           histogram_quantile(histogram, 0.999), histogram->max);
}
