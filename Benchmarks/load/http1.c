// HTTP/1.1, as much of it as one request for one customer and its answer with Content-Length need.
#define _GNU_SOURCE  // memmem
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEAD_LIMIT = 4096, LINE_END = 2 };

static size_t http_request(void *state, uint8_t *out, uint64_t call, int64_t id) {
    (void)state;
    (void)call;
    return (size_t)snprintf((char *)out, REQUEST_LIMIT,
                            "GET /v1/customers/%lld/prediction HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", (long long)id);
}

static size_t prototype_request(void *state, uint8_t *out, uint64_t call, int64_t id) {
    (void)state;
    (void)call;
    char body[64];
    int length = snprintf(body, sizeof body, "{\"customer_id\":%lld}", (long long)id);
    return (size_t)snprintf((char *)out, REQUEST_LIMIT,
                            "POST /predict_churn_by_id HTTP/1.1\r\nhost: 127.0.0.1\r\n"
                            "content-type: application/json\r\ncontent-length: %d\r\n\r\n%s",
                            length, body);
}

// The value of Content-Length in a head, which ends with an empty line.
static size_t content_length(const char *head, const char *end) {
    static const char name[] = "content-length:";
    for (const char *line = head; line < end; line = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1) {
        if (strncasecmp(line, name, sizeof name - 1) != 0) continue;
        unsigned long length = strtoul(line + sizeof name - 1, NULL, 10);
        if (length > 32 << 10) fail("an answer of %lu bytes", length);
        return length;
    }
    fail("an answer without Content-Length: %.*s", (int)(end - head), head);
}

// A whole answer: its length, or 0 when more bytes are needed. Fails the run unless its status is 200.
static size_t whole_answer(const uint8_t *in, size_t length, const char **body, size_t *body_bytes) {
    static const char success[] = "HTTP/1.1 200 ";
    const char *head = (const char *)in, *end = memmem(in, length, "\r\n\r\n", 4);
    if (!end) {
        if (length > HEAD_LIMIT) fail("the head of an answer is longer than %d bytes", HEAD_LIMIT);
        return 0;
    }
    if (strncmp(head, success, sizeof success - 1) != 0) fail("answered with %.*s", (int)(end - head), head);
    *body = end + 2 * LINE_END;
    *body_bytes = content_length(head, end + LINE_END);
    size_t whole = (size_t)(*body - head) + *body_bytes;
    return length < whole ? 0 : whole;
}

// What stands behind a key, as JSON has it without blanks.
static const char *behind(const char *body, size_t bytes, const char *key) {
    const char *at = memmem(body, bytes, key, strlen(key));
    if (!at) fail("an answer without %s: %.*s", key, (int)bytes, body);
    return at + strlen(key);
}

static size_t http_answer(void *state, const uint8_t *in, size_t length, struct answer *out) {
    (void)state;
    const char *body;
    size_t bytes, whole = whole_answer(in, length, &body, &bytes);
    if (whole == 0) return 0;
    // A number ends before the end of a body, which is an object.
    *out = (struct answer){
        .id = strtoll(behind(body, bytes, "\"customer_id\":"), NULL, 10),
        .probability = strtod(behind(body, bytes, "probability\":"), NULL),  // also of "churn_probability"
    };
    return whole;
}

static size_t constant_answer(void *state, const uint8_t *in, size_t length, struct answer *out) {
    (void)state;
    const char *body;
    size_t bytes;
    *out = (struct answer){0};
    return whole_answer(in, length, &body, &bytes);
}

const struct protocol http_protocol = {"http", NULL, http_request, http_answer, NULL, false, false};
const struct protocol prototype_protocol = {"prototype", NULL, prototype_request, http_answer, NULL, false, false};
const struct protocol constant_protocol = {"http-constant", NULL, http_request, constant_answer, NULL, false, true};
