#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "load closed|open|batch|fill --port N [options]   all on 127.0.0.1; one JSON object on standard output\n"
    "\n"
    "  closed   as fast as it is answered: --connections x --depth\n"
    "  open     --rate arrivals a second over --connections; with --rows a batch is always in flight beside them\n"
    "  batch    PredictBatch round trips, one in flight: --rows FILE, or --batch-ids N random ids of --ids\n"
    "  fill     stores every customer in Redis\n"
    "\n"
    "  --protocol churn|resp|grpc|http|prototype|http-constant  [churn]; http asks by GET /v1/customers/ID/prediction,\n"
    "                           prototype by POST /predict_churn_by_id, http-constant takes any answer of status 200\n"
    "  --model NAME             [the server's default], of churn\n"
    "  --trace-id literal|indexed  of grpc: metadata that differs in every call, in no table or in the dynamic table\n"
    "  --ids FILE               16 bytes a customer: id (int64), probability (double); every answer is checked\n"
    "  --exact                  the probabilities must be those, bit for bit, and not only to 1e-12\n"
    "  --rows FILE              CSV with a header: the model's columns, then probability\n"
    "  --connections N          [16]      --depth N              [1]\n"
    "  --seconds S              [2]       --warmup S             [0.5]\n"
    "  --calls N                of closed: so many, instead of a time\n"
    "  --rate N                 of open   --seed N               [1]\n"
    "  --runs N                 [20]      --warmup-runs N        [3], of batch\n"
    "  --value-bytes N          [112], of fill\n";

static const struct protocol *protocol(const char *name) {
    static const struct protocol *const all[] = {&churn_protocol, &resp_protocol,      &grpc_protocol,
                                                 &http_protocol,  &prototype_protocol, &constant_protocol};
    for (size_t at = 0; at < sizeof all / sizeof *all; at++)
        if (strcmp(name, all[at]->name) == 0) return all[at];
    fail("--protocol %s: it is one of those that load --help lists", name);
}

static enum trace_id trace_id(const char *name) {
    if (strcmp(name, "literal") == 0) return TRACE_LITERAL;
    if (strcmp(name, "indexed") == 0) return TRACE_INDEXED;
    fail("--trace-id %s: it is literal or indexed", name);
}

static double number(const char *option, const char *text, double least, double most) {
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (errno || end == text || *end || !(value >= least && value <= most))
        fail("--%s %s: a number from %g to %g is needed", option, text, least, most);
    return value;
}

int main(int count, char **arguments) {
    static const struct option options[] = {
        {"port", 1, 0, 'p'},    {"protocol", 1, 0, 'P'},  {"model", 1, 0, 'm'},    {"ids", 1, 0, 'i'},
        {"rows", 1, 0, 'R'},    {"batch-ids", 1, 0, 'b'}, {"rate", 1, 0, 'r'},     {"connections", 1, 0, 'c'},
        {"depth", 1, 0, 'd'},   {"seconds", 1, 0, 's'},   {"warmup", 1, 0, 'w'},   {"seed", 1, 0, 'S'},
        {"runs", 1, 0, 'n'},    {"warmup-runs", 1, 0, 'W'}, {"value-bytes", 1, 0, 'v'}, {"calls", 1, 0, 'C'},
        {"trace-id", 1, 0, 't'}, {"exact", 0, 0, 'e'},  {"help", 0, 0, 'h'},    {0},
    };
    struct plan plan = {
        .protocol = &churn_protocol, .connections = 16, .depth = 1, .warmup_seconds = 0.5, .seconds = 2, .seed = 1,
        .value_bytes = 112};
    struct matrix matrix = {0};
    size_t batch_ids = 0, runs = 20, warmup_runs = 3;
    int option, index = 0;
    while ((option = getopt_long(count, arguments, "h", options, &index)) != -1) {
        const char *name = options[index].name;
        switch (option) {
        case 'p': plan.port = (uint16_t)number(name, optarg, 1, 65535); break;
        case 'P': plan.protocol = protocol(optarg); break;
        case 't': sent_trace_id = trace_id(optarg); break;
        case 'e': plan.exact = true; break;
        case 'm':
            if (strlen(optarg) > 64) fail("--model: at most 64 bytes");
            requested_model = optarg;
            break;
        case 'i': plan.customers = read_customers(optarg); break;
        case 'R':
            matrix = read_matrix(optarg);
            plan.matrix = &matrix;
            break;
        case 'b': batch_ids = (size_t)number(name, optarg, 1, 1000000); break;
        case 'r': plan.rate = number(name, optarg, 1, 1e7); break;
        case 'c': plan.connections = (size_t)number(name, optarg, 1, 4096); break;
        case 'd': plan.depth = (size_t)number(name, optarg, 1, 1024); break;
        case 's': plan.seconds = number(name, optarg, 0.01, 600); break;
        case 'w': plan.warmup_seconds = number(name, optarg, 0, 60); break;
        case 'S': plan.seed = (uint64_t)number(name, optarg, 0, 1e15); break;
        case 'n': runs = (size_t)number(name, optarg, 1, 100000); break;
        case 'W': warmup_runs = (size_t)number(name, optarg, 0, 1000); break;
        case 'v': plan.value_bytes = (size_t)number(name, optarg, 16, 4096); break;
        case 'C': plan.calls = (size_t)number(name, optarg, 1, 1e9); break;
        case 'h': fputs(usage, stdout); return 0;
        default: fputs(usage, stderr); return 64;
        }
    }
    const char *mode = optind == count - 1 ? arguments[optind] : "";
    bool calls = strcmp(mode, "closed") == 0 || strcmp(mode, "open") == 0, fill = strcmp(mode, "fill") == 0;
    if ((!calls && !fill && strcmp(mode, "batch") != 0) || plan.port == 0) {
        fputs(usage, stderr);
        return 64;
    }
    if ((calls || fill || batch_ids) && plan.customers.count == 0) fail("--ids is needed");
    if (sent_trace_id != TRACE_NONE && plan.protocol != &grpc_protocol) fail("--trace-id is for grpc");
    if (plan.calls && *mode != 'c') fail("--calls is for closed");
    if (*mode == 'o' && plan.rate == 0) fail("open needs --rate");
    if (*mode == 'c' && (plan.rate > 0 || plan.matrix)) fail("--rate and --rows are not for closed");
    if (*mode == 'b' && !batch_ids && !plan.matrix) fail("batch needs --rows, or --ids and --batch-ids");

    if (calls) run_calls(&plan);
    else if (fill) run_fill(&plan);
    else run_batches(&plan, batch_ids, warmup_runs, runs);
    return 0;
}
