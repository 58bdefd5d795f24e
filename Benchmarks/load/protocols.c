// The bytes on the wire: churn.v1 frames (docs/protocol.md), and as much of RESP as GET and its answer need.
// Written by hand: it shares no code with the server, and a generator must cost less than what it measures.
#include "load.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *requested_model = "";

// --- Protobuf ---------------------------------------------------------------------------------------------------

static uint64_t load64(const uint8_t *at) {
    uint64_t bits;
    memcpy(&bits, at, 8);
    return le64toh(bits);
}

static double load_double(const uint8_t *at) {
    uint64_t bits = load64(at);
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

static uint8_t *put64(uint8_t *out, uint64_t value) {
    value = htole64(value);
    memcpy(out, &value, 8);
    return out + 8;
}

static size_t varint_bytes(uint64_t value) {
    size_t bytes = 1;
    while (value >>= 7) bytes++;
    return bytes;
}

static uint8_t *put_varint(uint8_t *out, uint64_t value) {
    for (; value >= 0x80; value >>= 7) *out++ = (uint8_t)(value | 0x80);
    *out++ = (uint8_t)value;
    return out;
}

// The head of a length-delimited field with a number below 16.
static uint8_t *put_head(uint8_t *out, unsigned number, size_t length) {
    *out++ = (uint8_t)(number << 3 | 2);
    return put_varint(out, length);
}

static size_t delimited_bytes(size_t length) { return 1 + varint_bytes(length) + length; }

static uint8_t *put_bytes(uint8_t *out, unsigned number, const void *bytes, size_t length) {
    out = put_head(out, number, length);
    memcpy(out, bytes, length);
    return out + length;
}

struct slice {
    const uint8_t *at, *end;
};

struct field {
    unsigned number, type;  // types: 0 varint, 1 fixed64, 2 length-delimited
    uint64_t value;         // of a varint or a fixed64
    struct slice bytes;     // of a length-delimited field
};

static bool read_varint(struct slice *in, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

// The next field; false at the end. Fails the run on bytes that are not protobuf.
static bool next_field(struct slice *in, struct field *field) {
    if (in->at == in->end) return false;
    uint64_t key, length;
    if (!read_varint(in, &key)) fail("an answer is not protobuf");
    field->number = (unsigned)(key >> 3);
    field->type = key & 7;
    if (field->type == 0 && read_varint(in, &field->value)) return true;
    if (field->type == 1 && in->end - in->at >= 8) {
        field->value = load64(in->at);
        in->at += 8;
        return true;
    }
    if (field->type == 2 && read_varint(in, &length) && length <= (uint64_t)(in->end - in->at)) {
        field->bytes = (struct slice){in->at, in->at + length};
        in->at += length;
        return true;
    }
    fail("an answer is not protobuf");
}

// --- churn.v1 -----------------------------------------------------------------------------------------------------

enum { REQUEST_MODEL = 3, METHOD_PREDICT_BY_ID = 4, METHOD_PREDICT_BATCH = 5, HEADER_BYTES = 4, CALL_BYTES = 9 };

static uint8_t *put_start(uint8_t *out, size_t payload_bytes, uint64_t call) {
    uint32_t length = htobe32((uint32_t)payload_bytes);
    memcpy(out, &length, HEADER_BYTES);
    out[HEADER_BYTES] = 1 << 3 | 1;
    out = put64(out + HEADER_BYTES + 1, call);
    size_t model = strlen(requested_model);
    return model ? put_bytes(out, REQUEST_MODEL, requested_model, model) : out;
}

static size_t start_bytes(void) {
    size_t model = strlen(requested_model);
    return CALL_BYTES + (model ? delimited_bytes(model) : 0);
}

size_t frame_length(const uint8_t *in, size_t length) {
    if (length < HEADER_BYTES) return 0;
    uint32_t payload;
    memcpy(&payload, in, HEADER_BYTES);
    payload = be32toh(payload);
    if (payload > 16 << 20) fail("an answer of %u bytes: above the limit of the protocol", payload);
    return HEADER_BYTES + payload;
}

// The result in a whole frame, whose status must be OK and whose method must be the one that was called.
static struct slice result(const uint8_t *frame, size_t length, unsigned method, uint64_t *call) {
    struct slice payload = {frame + HEADER_BYTES, frame + length};
    struct slice found = {0};
    struct field field;
    *call = 0;
    while (next_field(&payload, &field)) {
        if (field.number == 1 && field.type == 1) *call = field.value;
        if (field.number == method && field.type == 2) found = field.bytes;
        if (field.number != 2 || field.type != 2) continue;
        struct field part;
        while (next_field(&field.bytes, &part)) {
            if (part.number == 1 && part.type == 0 && part.value != 0)
                fail("call %" PRIu64 " was answered with status %" PRIu64, *call, part.value);
        }
    }
    if (*call == 0) fail("an answer without a call id");
    if (!found.at) fail("call %" PRIu64 " was answered without a result", *call);
    return found;
}

static size_t churn_request(void *state, uint8_t *out, uint64_t call, int64_t id) {
    (void)state;
    enum { MESSAGE_BYTES = 9 };
    size_t payload = start_bytes() + delimited_bytes(MESSAGE_BYTES);
    uint8_t *at = put_head(put_start(out, payload, call), METHOD_PREDICT_BY_ID, MESSAGE_BYTES);
    *at++ = 1 << 3 | 1;
    put64(at, (uint64_t)id);
    return HEADER_BYTES + payload;
}

static void read_fields(struct slice message, struct answer *out) {
    struct field field;
    while (next_field(&message, &field)) {
        if (field.type != 1) continue;
        if (field.number == 1) out->id = (int64_t)field.value;
        if (field.number == 2) memcpy(&out->probability, &field.value, 8);
        if (field.number == 2) break;  // fields come by number: nothing after it is asked for here
    }
}

void read_prediction(const uint8_t *message, size_t length, struct answer *out) {
    read_fields((struct slice){message, message + length}, out);
}

static size_t churn_answer(void *state, const uint8_t *in, size_t length, struct answer *out) {
    (void)state;
    size_t frame = frame_length(in, length);
    if (frame == 0 || length < frame) return 0;
    *out = (struct answer){0};
    struct slice message = result(in, frame, METHOD_PREDICT_BY_ID, &out->call);
    read_fields(message, out);
    return frame;
}

const struct protocol churn_protocol = {"churn", NULL, churn_request, churn_answer, NULL, false, false};

static size_t column_bytes(const struct matrix *matrix, size_t column) {
    return delimited_bytes(strlen(matrix->name[column])) + delimited_bytes(8 * matrix->rows);
}

static size_t columns_bytes(const struct matrix *matrix) {
    size_t bytes = 0;
    for (size_t column = 0; column < matrix->columns; column++)
        bytes += delimited_bytes(column_bytes(matrix, column));
    return bytes;
}

size_t batch_frame_bytes(size_t rows, const struct matrix *matrix) {
    size_t inner = matrix ? columns_bytes(matrix) : delimited_bytes(8 * rows);
    return HEADER_BYTES + start_bytes() + delimited_bytes(delimited_bytes(inner));
}

size_t write_batch_of_columns(uint8_t *out, uint64_t call, const struct matrix *matrix) {
    size_t inner = columns_bytes(matrix), frame = batch_frame_bytes(matrix->rows, matrix);
    uint8_t *at = put_head(put_start(out, frame - HEADER_BYTES, call), METHOD_PREDICT_BATCH, delimited_bytes(inner));
    at = put_head(at, 2, inner);
    for (size_t column = 0; column < matrix->columns; column++) {
        at = put_head(at, 1, column_bytes(matrix, column));
        at = put_bytes(at, 1, matrix->name[column], strlen(matrix->name[column]));
        at = put_bytes(at, 2, matrix->value[column], 8 * matrix->rows);
    }
    return frame;
}

size_t write_batch_of_ids(uint8_t *out, uint64_t call, const int64_t *ids, size_t count) {
    size_t inner = delimited_bytes(8 * count), frame = batch_frame_bytes(count, NULL);
    uint8_t *at = put_head(put_start(out, frame - HEADER_BYTES, call), METHOD_PREDICT_BATCH, delimited_bytes(inner));
    put_bytes(put_head(at, 1, inner), 1, ids, 8 * count);
    return frame;
}

const uint8_t *read_batch_answer(const uint8_t *frame, size_t length, uint64_t call, size_t rows) {
    uint64_t answered;
    struct slice message = result(frame, length, METHOD_PREDICT_BATCH, &answered);
    if (answered != call) fail("batch %" PRIu64 " was answered with call id %" PRIu64, call, answered);
    const uint8_t *probabilities = NULL;
    struct field field;
    while (next_field(&message, &field)) {
        if (field.type != 2) continue;
        if (field.number == 3 && field.bytes.at != field.bytes.end)
            fail("batch %" PRIu64 " has a row that is not OK", call);
        if (field.number != 1) continue;
        if ((size_t)(field.bytes.end - field.bytes.at) != 8 * rows) fail("batch %" PRIu64 ": not %zu rows", call, rows);
        probabilities = field.bytes.at;
    }
    if (!probabilities) fail("batch %" PRIu64 " was answered without probabilities", call);
    return probabilities;
}

// --- RESP -----------------------------------------------------------------------------------------------------------

// Keys are ids in decimal. A value is the id, the probability, then as many bytes as make it as long as our answer.

static size_t resp_request(void *state, uint8_t *out, uint64_t call, int64_t id) {
    (void)state;
    (void)call;
    char digits[24], *at = digits + sizeof digits;
    uint64_t rest = (uint64_t)(id < 0 ? -id : id);
    do *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (id < 0) *--at = '-';
    size_t length = (size_t)(digits + sizeof digits - at), written = 0;
    static const char head[] = "*2\r\n$3\r\nGET\r\n$";
    memcpy(out, head, sizeof head - 1);
    written = sizeof head - 1;
    if (length >= 10) out[written++] = (uint8_t)('0' + length / 10);
    out[written++] = (uint8_t)('0' + length % 10);
    memcpy(out + written, "\r\n", 2);
    memcpy(out + written + 2, at, length);
    memcpy(out + written + 2 + length, "\r\n", 2);
    return written + length + 4;
}

static size_t resp_answer(void *state, const uint8_t *in, size_t length, struct answer *out) {
    (void)state;
    if (length < 4) return 0;
    if (in[0] != '$' || in[1] == '-') fail("Redis answered %.*s", (int)(length < 60 ? length : 60), (const char *)in);
    size_t at = 1, bytes = 0;
    for (; at < length && in[at] >= '0' && in[at] <= '9' && bytes < 1 << 20; at++) bytes = bytes * 10 + (in[at] - '0');
    size_t whole = at + 2 + bytes + 2;
    if (length < whole) return 0;
    if (bytes < 16 || in[at] != '\r' || in[whole - 1] != '\n') fail("Redis answered with a value that is not ours");
    *out = (struct answer){.id = (int64_t)load64(in + at + 2), .probability = load_double(in + at + 10)};
    return whole;
}

const struct protocol resp_protocol = {"resp", NULL, resp_request, resp_answer, NULL, false, false};
