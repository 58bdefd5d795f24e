// gRPC over HTTP/2, as much of it as unary calls for one customer need: the frames of a request are copied from bytes
// that were prepared once, with its stream, its customer and its trace id put in.
//
// Header blocks are those of gRPC's own clients: the first request on a connection puts its fields into the dynamic
// table, later ones refer to them. Header blocks of answers are decoded by nghttp2's inflater, except for one whose bytes
// are the same as the last time and which changes no table: that is what nearly all of a busy server are.
#include "load.h"

#include <endian.h>
#include <inttypes.h>
#include <nghttp2/nghttp2.h>
#include <string.h>

enum trace_id sent_trace_id = TRACE_NONE;

enum {
    HEAD_BYTES = 9,           // of a frame
    PREFIX_BYTES = 5,         // of a message
    MESSAGE_BYTES = 9,        // of a request for a customer
    TABLE_BYTES = 4096,       // of the dynamic table, unless SETTINGS say otherwise
    ENTRY_BYTES = 32,         // what an entry of it costs besides its name and its value
    FIRST_DYNAMIC = 62,       // the index of its newest entry
    TRACE_DIGITS = 32,
    DEFAULT_WINDOW = 65535,
    WINDOW = 4 << 20,         // what the server may send before it is told that there is room again
    WINDOW_STEP = WINDOW / 4,
    FRAME_LIMIT = 16 << 10,
    PINGS_A_READ = 8,
    KEPT_BLOCK = 16,
};

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8, HAS_PRIORITY = 32 };

static const char trace_name[] = "x-trace-id";

// An answer whose end has not come yet.
struct pending {
    uint64_t call;
    int64_t id;
    double probability;
    bool has_head, has_message;
};

// A header block that refers to tables only, and so means the same again while no other block changes them.
struct kept_block {
    size_t bytes;  // 0: none
    uint8_t at[KEPT_BLOCK];
};

struct http2 {
    nghttp2_hd_inflater *inflater;
    struct kept_block head, trailers;
    // Of requests.
    uint8_t first[256], next[16];  // header blocks without a trace id
    size_t first_bytes, next_bytes;
    size_t entries;        // of the dynamic table that `first` makes, at the end of `next`
    size_t traces;         // trace ids that fit into the table beside those entries
    size_t since_first;    // requests
    bool begun, indexed;   // the preface has been sent; the entries are in the table
    uint64_t random;
    int64_t server_window;  // what may still be sent
    // To be sent.
    size_t settings, pings;  // to be acknowledged
    uint8_t ping[PINGS_A_READ][8];
    size_t received;  // bytes of messages since the last WINDOW_UPDATE
    struct pending pending[CALLS_LIMIT];  // by call
};

// --- Requests -----------------------------------------------------------------------------------------------------

static uint8_t *put32(uint8_t *out, uint32_t value) {
    value = htobe32(value);
    memcpy(out, &value, 4);
    return out + 4;
}

static uint8_t *put_frame_head(uint8_t *out, size_t length, uint8_t type, uint8_t flags, uint32_t stream) {
    put32(out, (uint32_t)length << 8);
    out[3] = type;
    out[4] = flags;
    return put32(out + 5, stream);
}

// A text of less than 127 bytes, not Huffman-coded.
static uint8_t *put_text(uint8_t *out, const char *text, size_t length) {
    *out++ = (uint8_t)length;
    memcpy(out, text, length);
    return out + length;
}

// A field that goes into the dynamic table. `name`: its index in the static table; 0: the name is in `text`.
static size_t add_entry(struct http2 *http2, unsigned name, const char *text, const char *value) {
    uint8_t *out = http2->first + http2->first_bytes;
    *out++ = (uint8_t)(0x40 | name);
    if (name == 0) out = put_text(out, text, strlen(text));
    out = put_text(out, value, strlen(value));
    http2->first_bytes = (size_t)(out - http2->first);
    http2->entries++;
    return strlen(text) + strlen(value) + ENTRY_BYTES;
}

static void *open_http2(void) {
    struct http2 *http2 = allocate(1, sizeof *http2);
    if (nghttp2_hd_inflate_new(&http2->inflater) != 0) fail("out of memory");
    static uint64_t connections;
    http2->random = ++connections;
    http2->server_window = DEFAULT_WINDOW;
    static const uint8_t fixed[] = {0x80 | 3, 0x80 | 6};  // of the static table: POST, http
    memcpy(http2->first, fixed, sizeof fixed);
    memcpy(http2->next, fixed, sizeof fixed);
    http2->first_bytes = http2->next_bytes = sizeof fixed;
    size_t bytes = add_entry(http2, 4, ":path", "/churn.v1.Churn/PredictById");
    bytes += add_entry(http2, 1, ":authority", "127.0.0.1:50051");
    bytes += add_entry(http2, 0, "te", "trailers");
    bytes += add_entry(http2, 31, "content-type", "application/grpc");
    bytes += add_entry(http2, 58, "user-agent", "churn-load/1");
    bytes += add_entry(http2, 0, "grpc-accept-encoding", "identity, deflate, gzip");
    http2->traces = (TABLE_BYTES - bytes) / (sizeof trace_name - 1 + TRACE_DIGITS + ENTRY_BYTES);
    return http2;
}

// The header block of a request that refers to the entries of the first one, behind `younger` others in the table.
static uint8_t *put_next_block(const struct http2 *http2, uint8_t *out, size_t younger) {
    memcpy(out, http2->next, http2->next_bytes);
    out += http2->next_bytes;
    for (size_t at = http2->entries; at-- > 0;) *out++ = (uint8_t)(0x80 | (FIRST_DYNAMIC + younger + at));
    return out;
}

// gRPC's C core writes metadata as literals that enter no table; grpc-go's encoder puts each into the table.
static uint8_t *put_trace_id(struct http2 *http2, uint8_t *out) {
    static const char digits[] = "0123456789abcdef";
    if (sent_trace_id == TRACE_INDEXED && http2->since_first > 0) {
        *out++ = 0x40 | FIRST_DYNAMIC;  // the name of the one before
    } else {
        *out++ = sent_trace_id == TRACE_INDEXED ? 0x40 : 0;
        out = put_text(out, trace_name, sizeof trace_name - 1);
    }
    *out++ = TRACE_DIGITS;
    for (size_t at = 0, rest = 0; at < TRACE_DIGITS; at++, rest >>= 4) {
        if (at % 16 == 0) rest = next_random(&http2->random);
        *out++ = (uint8_t)digits[rest & 15];
    }
    return out;
}

static size_t grpc_request(void *state, uint8_t *out, uint64_t call, int64_t id) {
    struct http2 *http2 = state;
    uint8_t *const start = out;
    if (!http2->begun) {
        http2->begun = true;
        memcpy(out, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
        out = put_frame_head(out + NGHTTP2_CLIENT_MAGIC_LEN, 0, SETTINGS, 0, 0);
        out = put32(put_frame_head(out, 4, WINDOW_UPDATE, 0, 0), WINDOW - DEFAULT_WINDOW);
    }
    // As an encoder would see to it: entries that trace ids have pushed out of the table are put into it again.
    if (sent_trace_id == TRACE_INDEXED && http2->since_first == http2->traces) http2->indexed = false;
    uint8_t *const head = out;
    out += HEAD_BYTES;
    if (http2->indexed) {
        out = put_next_block(http2, out, sent_trace_id == TRACE_INDEXED ? http2->since_first : 0);
    } else {
        memcpy(out, http2->first, http2->first_bytes);
        out += http2->first_bytes;
        http2->indexed = true;
        http2->since_first = 0;
    }
    if (sent_trace_id != TRACE_NONE) out = put_trace_id(http2, out);
    http2->since_first++;

    uint64_t stream = 2 * call - 1;
    if (stream > INT32_MAX) fail("a connection has no more streams; give it a shorter time");
    put_frame_head(head, (size_t)(out - head) - HEAD_BYTES, HEADERS, END_HEADERS, (uint32_t)stream);
    out = put_frame_head(out, PREFIX_BYTES + MESSAGE_BYTES, DATA, END_STREAM, (uint32_t)stream);
    *out++ = 0;
    out = put32(out, MESSAGE_BYTES);
    *out++ = 1 << 3 | 1;
    uint64_t bits = htole64((uint64_t)id);
    memcpy(out, &bits, 8);
    out += 8;
    http2->server_window -= PREFIX_BYTES + MESSAGE_BYTES;
    if (http2->server_window < 0) fail("the server gives no more room for requests");
    http2->pending[call % CALLS_LIMIT] = (struct pending){.call = call};
    return (size_t)(out - start);
}

// --- Answers ------------------------------------------------------------------------------------------------------

static uint32_t load32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, 4);
    return be32toh(value);
}

static bool equals(const uint8_t *bytes, size_t length, const char *text) {
    return length == strlen(text) && memcmp(bytes, text, length) == 0;
}

// Has the block decoded; fails unless it has the field with the value.
static void inflate(struct http2 *http2, const uint8_t *block, size_t bytes, const char *name, const char *value) {
    bool found = false;
    // Whatever was kept may mean something else behind a block that changes the table.
    http2->head.bytes = http2->trailers.bytes = 0;
    for (int flags = 0; !(flags & NGHTTP2_HD_INFLATE_FINAL);) {
        nghttp2_nv field;
        ssize_t taken = nghttp2_hd_inflate_hd2(http2->inflater, &field, &flags, block, bytes, 1);
        if (taken < 0) fail("a header block is wrong: %s", nghttp2_strerror((int)taken));
        block += taken;
        bytes -= (size_t)taken;
        if (!(flags & NGHTTP2_HD_INFLATE_EMIT)) continue;
        if (equals(field.name, field.namelen, name)) {
            found = equals(field.value, field.valuelen, value);
            if (!found) fail("%s is %.*s", name, (int)field.valuelen, (const char *)field.value);
        } else if (equals(field.name, field.namelen, "grpc-status") && !equals(field.value, field.valuelen, "0")) {
            fail("grpc-status is %.*s", (int)field.valuelen, (const char *)field.value);
        }
    }
    nghttp2_hd_inflate_end_headers(http2->inflater);
    if (!found) fail("a header block without %s", name);
}

static void read_headers(struct http2 *http2, const uint8_t *block, size_t bytes, bool trailers) {
    struct kept_block *kept = trailers ? &http2->trailers : &http2->head;
    if (bytes > 0 && bytes == kept->bytes && memcmp(block, kept->at, bytes) == 0) return;
    bool refers_only = bytes <= KEPT_BLOCK;
    // One byte that begins with a bit that is set is an index; 0xff would begin a longer one.
    for (size_t at = 0; refers_only && at < bytes; at++) refers_only = block[at] >= 0x80 && block[at] < 0xff;
    struct kept_block other = trailers ? http2->head : http2->trailers;
    inflate(http2, block, bytes, trailers ? "grpc-status" : ":status", trailers ? "0" : "200");
    if (!refers_only) return;
    kept->bytes = bytes;
    memcpy(kept->at, block, bytes);
    *(trailers ? &http2->head : &http2->trailers) = other;
}

static struct pending *find(struct http2 *http2, uint32_t stream) {
    uint64_t call = ((uint64_t)stream + 1) / 2;
    struct pending *pending = &http2->pending[call % CALLS_LIMIT];
    if (stream % 2 == 0 || pending->call != call) fail("stream %u has no call in flight", stream);
    return pending;
}

// The message comes in one frame: it is far shorter than a frame and than the windows may be.
static void read_message(struct http2 *http2, uint32_t stream, const uint8_t *payload, size_t bytes) {
    http2->received += bytes;
    if (bytes == 0) return;
    struct pending *pending = find(http2, stream);
    if (!pending->has_head || pending->has_message) fail("stream %u: a message out of turn", stream);
    if (bytes < PREFIX_BYTES || payload[0] != 0 || load32(payload + 1) != bytes - PREFIX_BYTES)
        fail("stream %u: not one whole message that is not compressed", stream);
    struct answer answer = {0};
    read_prediction(payload + PREFIX_BYTES, bytes - PREFIX_BYTES, &answer);
    pending->id = answer.id;
    pending->probability = answer.probability;
    pending->has_message = true;
}

static void read_settings(struct http2 *http2, uint8_t flags, const uint8_t *payload, size_t bytes) {
    if (flags & ACK) return;
    if (http2->settings > 0) fail("SETTINGS twice at once");
    for (; bytes >= 6; payload += 6, bytes -= 6) {
        uint32_t setting = load32(payload) >> 16, value = load32(payload + 2);
        if (setting == NGHTTP2_SETTINGS_HEADER_TABLE_SIZE && value < TABLE_BYTES)
            fail("the server's header table is of %u bytes, which requests are not prepared for", value);
    }
    http2->settings++;
}

static void read_ping(struct http2 *http2, uint8_t flags, const uint8_t *payload, size_t bytes) {
    if (flags & ACK) return;
    if (bytes != 8 || http2->pings == PINGS_A_READ) fail("a ping of %zu bytes, or too many at once", bytes);
    memcpy(http2->ping[http2->pings++], payload, 8);
}

// True when the frame ends an answer.
static bool read_frame(struct http2 *http2, const uint8_t *frame, size_t bytes, struct answer *out) {
    uint8_t type = frame[3], flags = frame[4];
    uint32_t stream = load32(frame + 5) & INT32_MAX;
    const uint8_t *payload = frame + HEAD_BYTES;
    switch (type) {
    case DATA:
        if (flags & (PADDED | END_STREAM)) fail("stream %u: data with padding, or without trailers", stream);
        read_message(http2, stream, payload, bytes);
        return false;
    case HEADERS: {
        if ((flags & (PADDED | HAS_PRIORITY | END_HEADERS)) != END_HEADERS)
            fail("stream %u: a header block of a form that is not expected", stream);
        struct pending *pending = find(http2, stream);
        bool trailers = flags & END_STREAM;
        read_headers(http2, payload, bytes, trailers);
        if (pending->has_head != trailers || pending->has_message != trailers)
            fail("stream %u: %s out of turn", stream, trailers ? "trailers" : "headers");
        pending->has_head = true;
        if (!trailers) return false;
        *out = (struct answer){pending->call, pending->id, pending->probability, false};
        pending->call = 0;
        return true;
    }
    case RST_STREAM: fail("stream %u was reset: %s", stream, nghttp2_http2_strerror(load32(payload)));
    case GOAWAY: fail("the server goes away: %s", nghttp2_http2_strerror(load32(payload + 4)));
    case SETTINGS: read_settings(http2, flags, payload, bytes); return false;
    case PING: read_ping(http2, flags, payload, bytes); return false;
    case WINDOW_UPDATE:
        if (stream == 0) http2->server_window += load32(payload) & INT32_MAX;
        return false;
    default: fail("a frame of type %u", type);
    }
}

static size_t grpc_answer(void *state, const uint8_t *in, size_t length, struct answer *out) {
    size_t at = 0;
    *out = (struct answer){.incomplete = true};
    while (length - at >= HEAD_BYTES) {
        size_t bytes = load32(in + at) >> 8;
        if (bytes > FRAME_LIMIT) fail("a frame of %zu bytes", bytes);
        if (length - at < HEAD_BYTES + bytes) break;
        bool ends = read_frame(state, in + at, bytes, out);
        at += HEAD_BYTES + bytes;
        if (ends) break;
    }
    return at;
}

static size_t grpc_reply(void *state, uint8_t *out) {
    struct http2 *http2 = state;
    uint8_t *const start = out;
    for (; http2->settings > 0; http2->settings--) out = put_frame_head(out, 0, SETTINGS, ACK, 0);
    for (size_t at = 0; at < http2->pings; at++) {
        memcpy(put_frame_head(out, 8, PING, ACK, 0), http2->ping[at], 8);
        out += HEAD_BYTES + 8;
    }
    http2->pings = 0;
    if (http2->received >= WINDOW_STEP) {
        out = put32(put_frame_head(out, 4, WINDOW_UPDATE, 0, 0), (uint32_t)http2->received);
        http2->received = 0;
    }
    return (size_t)(out - start);
}

const struct protocol grpc_protocol = {"grpc", open_http2, grpc_request, grpc_answer, grpc_reply, true, false};
