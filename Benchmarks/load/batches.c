// PredictBatch, one frame in flight: the time of a whole round trip, from the first byte of the request that is
// encoded to the last probability of the answer that is read and compared. And what fills Redis.
#include "load.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PATIENCE_MS = 30000, SETS_OF_IDS = 8 };

// Sends a frame while it reads the answer: a server need not take all before it begins to answer.
static size_t exchange(int descriptor, const uint8_t *request, size_t request_bytes, uint8_t *in, size_t capacity) {
    size_t sent = 0, received = 0, wanted = 0;
    while (wanted == 0 || received < wanted) {
        struct pollfd wait = {.fd = descriptor, .events = POLLIN | (sent < request_bytes ? POLLOUT : 0)};
        int ready = poll(&wait, 1, PATIENCE_MS);
        if (ready < 0) fail("poll: %s", strerror(errno));
        if (ready == 0) fail("no answer for %d s", PATIENCE_MS / 1000);
        if (wait.revents & POLLOUT) {
            ssize_t written = send(descriptor, request + sent, request_bytes - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (written < 0 && errno != EAGAIN) fail("send: %s", strerror(errno));
            if (written > 0) sent += (size_t)written;
        }
        if (!(wait.revents & (POLLIN | POLLHUP | POLLERR))) continue;
        ssize_t got = recv(descriptor, in + received, capacity - received, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) continue;
        if (got <= 0) fail("recv: %s", got ? strerror(errno) : "the server closed the connection");
        received += (size_t)got;
        wanted = frame_length(in, received);
        if (wanted > capacity) fail("an answer of %zu bytes", wanted);
    }
    return wanted;
}

static int by_value(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

void run_batches(const struct plan *plan, size_t rows, size_t warmup, size_t runs) {
    const struct matrix *matrix = rows ? NULL : plan->matrix;
    if (matrix) rows = matrix->rows;
    int descriptor = connect_to_loopback(plan->port, false);
    size_t capacity = 16 * rows + 4096;
    uint8_t *request = allocate(batch_frame_bytes(rows, matrix), 1), *answer = allocate(capacity, 1);
    uint64_t *times = allocate(runs, sizeof *times), random = plan->seed;

    // Ids are drawn before the clock starts, several sets, so that no cache holds the rows of the last batch alone.
    int64_t *ids[SETS_OF_IDS] = {0};
    double *expected[SETS_OF_IDS] = {0};
    for (size_t set = 0; set < SETS_OF_IDS && !matrix; set++) {
        ids[set] = allocate(rows, sizeof **ids);
        expected[set] = allocate(rows, sizeof **expected);
        for (size_t row = 0; row < rows; row++) {
            size_t customer = random_below(&random, plan->customers.count);
            ids[set][row] = plan->customers.at[customer].id;
            expected[set][row] = plan->customers.at[customer].probability;
        }
    }

    for (size_t run = 0; run < warmup + runs; run++) {
        const double *wanted = matrix ? matrix->probability : expected[run % SETS_OF_IDS];
        uint64_t start = now_ns(), call = run + 1;
        size_t bytes = matrix ? write_batch_of_columns(request, call, matrix)
                              : write_batch_of_ids(request, call, ids[run % SETS_OF_IDS], rows);
        size_t length = exchange(descriptor, request, bytes, answer, capacity);
        const uint8_t *probabilities = read_batch_answer(answer, length, call, rows);
        size_t wrong = 0;
        for (size_t row = 0; row < rows; row++) {
            double probability;
            memcpy(&probability, probabilities + 8 * row, 8);
            wrong += !is_close(probability, wanted[row]);
        }
        if (run >= warmup) times[run - warmup] = now_ns() - start;
        if (wrong) fail("%zu of %zu probabilities of a batch are wrong", wrong, rows);
    }
    qsort(times, runs, sizeof *times, by_value);
    double a_row = 1.0 / (double)rows;
    printf("{\"protocol\": \"churn\", \"batch\": \"%s\", \"rows\": %zu, \"runs\": %zu, \"ns_a_row\": %.2f, "
           "\"ns_a_row_best\": %.2f, \"ns_a_row_worst\": %.2f}\n",
           matrix ? "columns" : "ids", rows, runs, (double)times[runs / 2] * a_row, (double)times[0] * a_row,
           (double)times[runs - 1] * a_row);
}

void run_fill(const struct plan *plan) {
    enum { A_TURN = 256 };
    const struct customers *customers = &plan->customers;
    int descriptor = connect_to_loopback(plan->port, true);
    size_t record = plan->value_bytes + 128;
    char *out = allocate(A_TURN, record), *value = allocate(plan->value_bytes, 1);
    for (size_t at = 0; at < customers->count;) {
        size_t bytes = 0, keys = 0;
        for (; keys < A_TURN && at < customers->count; keys++, at++) {
            char id[24];
            int digits = snprintf(id, sizeof id, "%" PRId64, customers->at[at].id);
            memcpy(value, &customers->at[at].id, 8);
            memcpy(value + 8, &customers->at[at].probability, 8);
            bytes += (size_t)sprintf(out + bytes, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%zu\r\n", digits, id,
                                     plan->value_bytes);
            memcpy(out + bytes, value, plan->value_bytes);
            memcpy(out + bytes + plan->value_bytes, "\r\n", 2);
            bytes += plan->value_bytes + 2;
        }
        for (size_t sent = 0; sent < bytes;) {
            ssize_t written = send(descriptor, out + sent, bytes - sent, MSG_NOSIGNAL);
            if (written < 0) fail("send: %s", strerror(errno));
            sent += (size_t)written;
        }
        char answers[5 * A_TURN];
        if (recv(descriptor, answers, 5 * keys, MSG_WAITALL) != (ssize_t)(5 * keys)) fail("Redis did not answer SET");
        for (size_t key = 0; key < keys; key++)
            if (memcmp(answers + 5 * key, "+OK\r\n", 5) != 0) fail("Redis refused SET: %.60s", answers);
    }
    printf("{\"protocol\": \"resp\", \"keys\": %zu, \"value_bytes\": %zu}\n", customers->count, plan->value_bytes);
}
