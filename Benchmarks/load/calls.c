// Calls for one customer each, over many connections, by one thread.
//
// Closed loop: a connection sends `depth` requests with one write and sends the next ones when all of them are
// answered, as `redis-benchmark -P` does; by gRPC, whose streams are independent, it sends as many as the last read has
// answered, as gRPC's clients do. Latency counts from that write.
//
// With --calls it ends after that many instead of after a time: for counting what the server executes for them.
//
// `cpu` is the part of the time that this thread ran: near 1 the generator is the limit, and not the server.
//
// Open loop: arrival n is due at start + n / rate, on the connections in turn, whatever became of those before it.
// Latency counts from when it was due, so a server that stalls is charged for all that came due meanwhile; a
// generator that is itself late shows it as `late_ns`, and `saturated` says when that spoils the figures.
#include "load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_BYTES = 64 << 10,
    OUT_BYTES = CALLS_LIMIT * REQUEST_LIMIT + 4 * REPLY_LIMIT,
    ARRIVALS_A_TURN = 64,    // sent before answers are looked at again
    BATCH_PIECE = 64 << 10,  // of a batch, read or written a turn: what delays the calls beside it
    PATIENCE_SECONDS = 10,   // without any answer
};

struct call {
    uint64_t start;  // when it was sent, or due
    uint32_t customer;
    bool open;
};

struct connection {
    int descriptor;
    size_t in_flight;
    uint64_t next, oldest;  // call ids; those from `oldest` to before `next` may be in flight
    struct call *calls;     // [CALLS_LIMIT], by call id
    uint8_t *in, *out;
    size_t in_bytes, out_bytes, out_sent;
    void *state;  // the protocol's
};

// A batch that is always in flight beside the calls.
struct companion {
    int descriptor;
    uint8_t *request, *answer;
    size_t request_bytes, sent, received, answer_capacity;
    uint64_t call;
};

struct run {
    const struct plan *plan;
    struct connection *connections;
    struct companion companion;
    int epoll;
    uint64_t random, begin, measured, end;  // times: start, end of the warm-up, end
    uint64_t sent, answered, in_flight, due, turns, idle_turns;
    struct histogram *latency, *late;
};

// --- Calls ------------------------------------------------------------------------------------------------------

static void add_call(struct run *run, struct connection *connection, uint64_t start) {
    const struct plan *plan = run->plan;
    uint32_t customer = (uint32_t)random_below(&run->random, plan->customers.count);
    uint64_t call = connection->next++;
    connection->calls[call % CALLS_LIMIT] = (struct call){start, customer, true};
    connection->out_bytes +=
        plan->protocol->request(connection->state, connection->out + connection->out_bytes, call,
                                plan->customers.at[customer].id);
    connection->in_flight++;
    run->in_flight++;
    run->sent++;
}

static void flush(struct connection *connection) {
    ssize_t written =
        send(connection->descriptor, connection->out + connection->out_sent,
             connection->out_bytes - connection->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written < 0 && errno != EAGAIN) fail("send: %s", strerror(errno));
    if (written > 0) connection->out_sent += (size_t)written;
    if (connection->out_sent == connection->out_bytes) connection->out_sent = connection->out_bytes = 0;
}

static void check(const struct plan *plan, uint64_t id, const struct customer *asked, const struct answer *answer) {
    if (answer->id != asked->id)
        fail("call %" PRIu64 " for customer %" PRId64 " was answered for %" PRId64, id, asked->id, answer->id);
    bool fits = plan->exact ? memcmp(&answer->probability, &asked->probability, sizeof asked->probability) == 0
                            : is_close(answer->probability, asked->probability);
    if (!fits)
        fail("customer %" PRId64 ": probability %.17g, expected %.17g", asked->id, answer->probability,
             asked->probability);
}

static void settle(struct run *run, struct connection *connection, const struct answer *answer, uint64_t now) {
    uint64_t id = answer->call ? answer->call : connection->oldest;
    struct call *call = &connection->calls[id % CALLS_LIMIT];
    if (id < connection->oldest || id >= connection->next || !call->open) fail("call %" PRIu64 " is not in flight", id);
    const struct customer *asked = &run->plan->customers.at[call->customer];
    if (!run->plan->protocol->constant) check(run->plan, id, asked, answer);
    call->open = false;
    while (connection->oldest < connection->next && !connection->calls[connection->oldest % CALLS_LIMIT].open)
        connection->oldest++;
    connection->in_flight--;
    run->in_flight--;
    // A closed loop counts what is answered within the time, an open loop what was due within it.
    uint64_t counted = run->plan->rate > 0 ? call->start : now;
    if (counted < run->measured || counted >= run->end) return;
    run->answered++;
    histogram_add(run->latency, now - call->start);
}

static void receive(struct run *run, struct connection *connection) {
    ssize_t got = recv(connection->descriptor, connection->in + connection->in_bytes,
                       READ_BYTES - connection->in_bytes, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) fail("recv: %s", strerror(errno));
    if (got == 0) fail("the server closed a connection");
    connection->in_bytes += (size_t)got;
    uint64_t now = now_ns();
    size_t at = 0, length;
    struct answer answer;
    const struct protocol *protocol = run->plan->protocol;
    for (;;) {
        length = protocol->answer(connection->state, connection->in + at, connection->in_bytes - at, &answer);
        if (length == 0) break;
        if (!answer.incomplete) settle(run, connection, &answer, now);
        at += length;
    }
    connection->in_bytes -= at;
    if (connection->in_bytes == READ_BYTES) fail("an answer is longer than %d bytes", READ_BYTES);
    memmove(connection->in, connection->in + at, connection->in_bytes);
    if (!protocol->reply) return;
    if (connection->out_bytes + REPLY_LIMIT > OUT_BYTES) fail("the server reads nothing");
    connection->out_bytes += protocol->reply(connection->state, connection->out + connection->out_bytes);
}

// --- The batch beside them ----------------------------------------------------------------------------------------

static void start_batch(struct run *run) {
    struct companion *batch = &run->companion;
    if (!batch->request) {
        batch->request = allocate(batch_frame_bytes(0, run->plan->matrix), 1);
        batch->answer_capacity = 16 * run->plan->matrix->rows + 4096;
        batch->answer = allocate(batch->answer_capacity, 1);
        batch->request_bytes = write_batch_of_columns(batch->request, 1, run->plan->matrix);
    }
    batch->call++;
    batch->request[5] = (uint8_t)batch->call;  // the lowest byte of the call id is enough to tell two in a row apart
    batch->request[6] = 1;                     // and the next one keeps it from 0
    batch->sent = batch->received = 0;
}

// One piece of whichever way has work; true when there was any.
static bool advance_batch(struct run *run, bool restart) {
    struct companion *batch = &run->companion;
    bool worked = false;
    if (batch->sent < batch->request_bytes) {
        size_t rest = batch->request_bytes - batch->sent;
        ssize_t written = send(batch->descriptor, batch->request + batch->sent,
                               rest < BATCH_PIECE ? rest : BATCH_PIECE, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written < 0 && errno != EAGAIN) fail("send of a batch: %s", strerror(errno));
        if (written > 0) batch->sent += (size_t)written;
        worked = written > 0;
    }
    size_t room = batch->answer_capacity - batch->received;
    ssize_t got = recv(batch->descriptor, batch->answer + batch->received, room < BATCH_PIECE ? room : BATCH_PIECE,
                       MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) fail("recv of a batch: %s", got ? strerror(errno) : "closed");
    if (got < 0) return worked;
    batch->received += (size_t)got;
    size_t length = frame_length(batch->answer, batch->received);
    if (length == 0 || batch->received < length) return true;

    const struct matrix *matrix = run->plan->matrix;
    uint64_t call = (uint64_t)1 << 8 | (uint8_t)batch->call;
    const uint8_t *probabilities = read_batch_answer(batch->answer, length, call, matrix->rows);
    // All rows of the first, then a sample: a whole check would delay the calls that are due.
    for (size_t row = 0; row < matrix->rows; row += batch->call == 1 ? 1 : 97) {
        double probability;
        memcpy(&probability, probabilities + 8 * row, 8);
        if (!is_close(probability, matrix->probability[row])) fail("batch, row %zu: %.17g", row, probability);
    }
    if (restart) start_batch(run);
    else batch->request_bytes = 0;
    return true;
}

// --- The loops --------------------------------------------------------------------------------------------------------

// Of a closed loop, after an answer.
static size_t calls_to_send(const struct run *run, const struct connection *connection) {
    const struct plan *plan = run->plan;
    if (plan->rate > 0 || (plan->calls && run->sent >= plan->calls)) return 0;
    if (plan->protocol->independent) return plan->depth - connection->in_flight;
    return connection->in_flight == 0 ? plan->depth : 0;
}

static size_t receive_ready(struct run *run, int timeout_ms) {
    struct epoll_event events[256];
    int ready = epoll_wait(run->epoll, events, 256, timeout_ms);
    if (ready < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
    for (int at = 0; at < ready; at++) {
        struct connection *connection = events[at].data.ptr;
        receive(run, connection);
        size_t missing = calls_to_send(run, connection);
        uint64_t now = missing ? now_ns() : 0;
        if (now >= run->end) missing = 0;
        for (size_t n = 0; n < missing; n++) add_call(run, connection, now);
        if (connection->out_bytes) flush(connection);
        if (missing && connection->out_bytes) fail("%zu requests do not fit into the socket's buffer", missing);
    }
    return ready > 0 ? (size_t)ready : 0;
}

static void run_closed(struct run *run) {
    for (size_t at = 0; at < run->plan->connections; at++) {
        struct connection *connection = &run->connections[at];
        for (size_t n = 0; n < run->plan->depth; n++) add_call(run, connection, run->begin);
        flush(connection);
    }
    while (run->in_flight > 0)
        if (receive_ready(run, PATIENCE_SECONDS * 1000) == 0) fail("no answer for %d s", PATIENCE_SECONDS);
}

// Sends what is due; returns how many.
static size_t send_due(struct run *run, uint64_t now) {
    const struct plan *plan = run->plan;
    size_t sent = 0;
    for (; sent < ARRIVALS_A_TURN; sent++) {
        uint64_t due = run->begin + (uint64_t)((double)run->due * 1e9 / plan->rate);
        if (due > now || due >= run->end) break;
        struct connection *connection = &run->connections[run->due % plan->connections];
        if (connection->next - connection->oldest == CALLS_LIMIT) break;  // it stays due, and its latency runs
        add_call(run, connection, due);
        flush(connection);
        if (due >= run->measured) histogram_add(run->late, now_ns() - due);
        run->due++;
    }
    return sent;
}

static void run_open(struct run *run) {
    uint64_t heard = run->begin;
    bool with_batch = run->plan->matrix != NULL;
    if (with_batch) start_batch(run);
    for (;;) {
        uint64_t now = now_ns();
        bool over = now >= run->end;
        size_t work = send_due(run, now) + receive_ready(run, 0);
        // What did not fit into a socket's buffer is sent from here; with room in it there is nothing to find.
        for (size_t at = 0; at < run->plan->connections; at++)
            if (run->connections[at].out_bytes) flush(&run->connections[at]);
        if (work) heard = now;
        if (with_batch && run->companion.request_bytes > 0) work += advance_batch(run, !over);
        if (now >= run->measured && !over) {
            run->turns++;
            run->idle_turns += work == 0;
        }
        if (over && run->in_flight == 0 && (!with_batch || run->companion.request_bytes == 0)) return;
        if (now - heard > (uint64_t)PATIENCE_SECONDS * 1000000000) fail("no answer for %d s", PATIENCE_SECONDS);
    }
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    struct timeval user = usage.ru_utime, system = usage.ru_stime;
    return (double)(user.tv_sec + system.tv_sec) + (double)(user.tv_usec + system.tv_usec) * 1e-6;
}

static void report(const struct run *run, double seconds, double cpu) {
    const struct plan *plan = run->plan;
    double rate = (double)run->answered / seconds;
    printf("{\"protocol\": \"%s\", \"loop\": \"%s\", \"connections\": %zu, \"depth\": %zu, \"seconds\": %g, "
           "\"calls\": %" PRIu64 ", \"answers\": %" PRIu64 ", \"answers_a_second\": %.1f, \"cpu\": %.3f, ",
           plan->protocol->name, plan->rate > 0 ? "open" : "closed", plan->connections, plan->depth, seconds,
           run->sent, run->answered, rate, cpu);
    print_histogram("latency_ns", run->latency);
    if (plan->rate > 0) {
        double idle = run->turns ? (double)run->idle_turns / (double)run->turns : 0;
        uint64_t late = histogram_quantile(run->late, 0.99), latency = histogram_quantile(run->latency, 0.99);
        // The generator's own part of a latency is how late it sent: at most a third of the quantile that is read.
        bool saturated = rate < 0.99 * plan->rate || 3 * late > latency;
        printf(", \"rate\": %.1f, \"idle\": %.3f, \"saturated\": %s, ", plan->rate, idle, saturated ? "true" : "false");
        print_histogram("late_ns", run->late);
    }
    if (plan->matrix) printf(", \"batches\": %" PRIu64, run->companion.call);
    printf("}\n");
}

void run_calls(const struct plan *plan) {
    if (plan->depth > CALLS_LIMIT) fail("a depth above %d", CALLS_LIMIT);
    struct run run = {.plan = plan, .random = plan->seed, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    run.latency = allocate(1, sizeof *run.latency);
    run.late = allocate(1, sizeof *run.late);
    run.connections = allocate(plan->connections, sizeof *run.connections);
    for (size_t at = 0; at < plan->connections; at++) {
        struct connection *connection = &run.connections[at];
        *connection = (struct connection){.descriptor = connect_to_loopback(plan->port, false), .next = 1, .oldest = 1};
        connection->calls = allocate(CALLS_LIMIT, sizeof *connection->calls);
        connection->in = allocate(READ_BYTES, 1);
        connection->out = allocate(OUT_BYTES, 1);
        if (plan->protocol->open) connection->state = plan->protocol->open();
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        if (epoll_ctl(run.epoll, EPOLL_CTL_ADD, connection->descriptor, &event) != 0)
            fail("epoll_ctl: %s", strerror(errno));
    }
    if (plan->matrix) run.companion.descriptor = connect_to_loopback(plan->port, false);
    run.begin = now_ns();
    run.measured = run.begin + (uint64_t)(plan->calls ? 0 : plan->warmup_seconds * 1e9);
    run.end = plan->calls ? UINT64_MAX : run.measured + (uint64_t)(plan->seconds * 1e9);
    double cpu = cpu_seconds();
    if (plan->rate > 0) run_open(&run);
    else run_closed(&run);
    double elapsed = (double)(now_ns() - run.begin) * 1e-9;
    report(&run, plan->calls ? elapsed : plan->seconds, (cpu_seconds() - cpu) / elapsed);
}
