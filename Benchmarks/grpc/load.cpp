// grpc-load calls|columns|ids PORT CUSTOMERS.csv ...: the same loads as Benchmarks/load, through gRPC's callback API.
//
//   calls   PORT CUSTOMERS.csv CONNECTIONS DEPTH SECONDS     one channel a connection, none shares a socket
//   columns PORT ROWS.csv RUNS                               one batch in flight
//   ids     PORT CUSTOMERS.csv RUNS ROWS
//
// Every answer is compared with the expected probability. One JSON object on standard output.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <random>

#include "churn/v1/churn_service.grpc.pb.h"
#include "peer.h"

namespace {

using Clock = std::chrono::steady_clock;
using churn::v1::Churn;

constexpr double kWarmUpSeconds = 0.5;
constexpr size_t kWarmUpRuns = 3, kSetsOfIds = 8;

std::unique_ptr<Churn::Stub> connect(const std::string &port) {
    grpc::ChannelArguments options;
    options.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    options.SetMaxReceiveMessageSize(16 << 20);
    auto channel = grpc::CreateCustomChannel("127.0.0.1:" + port, grpc::InsecureChannelCredentials(), options);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5))) fail("cannot connect");
    return Churn::NewStub(channel);
}

double seconds_between(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

Clock::time_point later(Clock::time_point from, double seconds) {
    return from + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

struct Loop {
    const std::vector<double> &ids, &expected;
    Clock::time_point measured, end;
    std::mutex mutex;
    std::condition_variable changed;
    size_t running = 0;

    void finished() {
        std::lock_guard lock(mutex);
        if (--running == 0) changed.notify_all();
    }
};

// One of the `depth` calls that a connection has in flight; it starts the next one when it is answered.
class Caller {
public:
    Caller(Loop &loop, Churn::Stub &stub, uint64_t seed) : loop_(loop), stub_(stub), random_(seed) {}

    void start() {
        row_ = random_() % loop_.ids.size();
        request_.set_customer_id(static_cast<int64_t>(loop_.ids[row_]));
        context_.emplace();
        begun_ = Clock::now();
        calls++;
        stub_.async()->PredictById(&*context_, &request_, &response_,
                                   [this](const grpc::Status &status) { answered(status); });
    }

    std::vector<double> latencies_ns;
    size_t calls = 0;

private:
    void answered(const grpc::Status &status) {
        auto now = Clock::now();
        if (!status.ok()) fail(status.error_message());
        if (response_.customer_id() != request_.customer_id() ||
            !is_close(response_.probability(), loop_.expected[row_]))
            fail("customer " + std::to_string(request_.customer_id()) + ": a wrong answer");
        if (now >= loop_.measured && now < loop_.end) latencies_ns.push_back(1e9 * seconds_between(begun_, now));
        if (now < loop_.end) start();
        else loop_.finished();
    }

    Loop &loop_;
    Churn::Stub &stub_;
    std::mt19937_64 random_;
    size_t row_ = 0;
    churn::v1::PredictByIdRequest request_;
    churn::v1::PredictByIdResponse response_;
    std::optional<grpc::ClientContext> context_;
    Clock::time_point begun_;
};

void calls(const std::string &port, const Table &table, size_t connections, size_t depth, double seconds) {
    std::vector<std::unique_ptr<Churn::Stub>> stubs;
    for (size_t at = 0; at < connections; at++) stubs.push_back(connect(port));
    Loop loop{table["id"], table["probability"], {}, {}, {}, {}};
    loop.running = connections * depth;
    loop.measured = later(Clock::now(), kWarmUpSeconds);
    loop.end = later(loop.measured, seconds);
    std::vector<std::unique_ptr<Caller>> callers;
    for (size_t at = 0; at < connections * depth; at++)
        callers.push_back(std::make_unique<Caller>(loop, *stubs[at % connections], at + 1));
    for (auto &caller : callers) caller->start();
    {
        std::unique_lock lock(loop.mutex);
        auto patience = std::chrono::duration<double>(kWarmUpSeconds + seconds + 10);
        if (!loop.changed.wait_for(lock, patience, [&] { return loop.running == 0; })) fail("no answer for 10 s");
    }
    std::vector<double> all;
    size_t sent = 0;
    for (auto &caller : callers) {
        all.insert(all.end(), caller->latencies_ns.begin(), caller->latencies_ns.end());
        sent += caller->calls;
    }
    if (all.empty()) fail("nothing was answered");
    std::sort(all.begin(), all.end());
    auto quantile = [&](double fraction) {
        return all[static_cast<size_t>(fraction * static_cast<double>(all.size() - 1))];
    };
    std::printf("{\"protocol\": \"grpc\", \"loop\": \"closed\", \"connections\": %zu, \"depth\": %zu, \"seconds\": %g, "
                "\"calls\": %zu, \"answers\": %zu, \"answers_a_second\": %.1f, "
                "\"latency_ns\": {\"p50\": %.0f, \"p99\": %.0f, \"p999\": %.0f, \"max\": %.0f}}\n",
                connections, depth, seconds, sent, all.size(), static_cast<double>(all.size()) / seconds, quantile(0.5),
                quantile(0.99), quantile(0.999), all.back());
}

// From the first value that is put into the request to the last probability that is read from the answer.
template <typename Fill>
void batches(const std::string &port, const char *kind, size_t runs, Fill fill) {
    auto stub = connect(port);
    std::vector<double> times;
    size_t rows = 0;
    for (size_t run = 0; run < kWarmUpRuns + runs; run++) {
        auto begun = Clock::now();
        churn::v1::PredictBatchRequest request;
        const std::vector<double> &expected = fill(request, run);
        churn::v1::PredictBatchResponse response;
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
        auto status = stub->PredictBatch(&context, request, &response);
        if (!status.ok()) fail(status.error_message());
        rows = expected.size();
        if (static_cast<size_t>(response.probability_size()) != rows) fail("a batch of another length");
        size_t wrong = 0;
        for (size_t row = 0; row < rows; row++)
            wrong += !is_close(response.probability(static_cast<int>(row)), expected[row]);
        if (run >= kWarmUpRuns) times.push_back(1e9 * seconds_between(begun, Clock::now()) / static_cast<double>(rows));
        if (wrong) fail(std::to_string(wrong) + " probabilities of a batch are wrong");
    }
    std::sort(times.begin(), times.end());
    std::printf("{\"protocol\": \"grpc\", \"batch\": \"%s\", \"rows\": %zu, \"runs\": %zu, \"ns_a_row\": %.2f, "
                "\"ns_a_row_best\": %.2f, \"ns_a_row_worst\": %.2f}\n",
                kind, rows, runs, times[runs / 2], times.front(), times.back());
}

void columns(const std::string &port, const Table &table, size_t runs) {
    const auto &expected = table["probability"];
    batches(port, "columns", runs, [&](auto &request, size_t) -> const std::vector<double> & {
        for (size_t at = 0; at < table.names.size(); at++) {
            if (table.names[at] == "probability") continue;
            auto *column = request.mutable_columns()->add_column();
            column->set_name(table.names[at]);
            column->mutable_value()->Add(table.columns[at].begin(), table.columns[at].end());
        }
        return expected;
    });
}

void ids(const std::string &port, const Table &table, size_t runs, size_t rows) {
    std::vector<std::vector<int64_t>> sets(kSetsOfIds, std::vector<int64_t>(rows));
    std::vector<std::vector<double>> expected(kSetsOfIds, std::vector<double>(rows));
    std::mt19937_64 random(1);
    for (size_t set = 0; set < kSetsOfIds; set++) {
        for (size_t at = 0; at < rows; at++) {
            size_t row = random() % table.rows();
            sets[set][at] = static_cast<int64_t>(table["id"][row]);
            expected[set][at] = table["probability"][row];
        }
    }
    batches(port, "ids", runs, [&](auto &request, size_t run) -> const std::vector<double> & {
        const auto &set = sets[run % kSetsOfIds];
        request.mutable_ids()->mutable_customer_id()->Add(set.begin(), set.end());
        return expected[run % kSetsOfIds];
    });
}

}  // namespace

int main(int count, char **arguments) {
    std::string kind = count > 1 ? arguments[1] : "";
    auto number = [&](int at) { return std::strtod(arguments[at], nullptr); };
    auto whole = [&](int at) { return static_cast<size_t>(number(at)); };
    if (kind == "calls" && count == 7)
        calls(arguments[2], Table(arguments[3]), whole(4), whole(5), number(6));
    else if (kind == "columns" && count == 5) columns(arguments[2], Table(arguments[3]), whole(4));
    else if (kind == "ids" && count == 6) ids(arguments[2], Table(arguments[3]), whole(4), whole(5));
    else fail("usage: grpc-load calls PORT CUSTOMERS CONNECTIONS DEPTH SECONDS | columns PORT ROWS RUNS | "
              "ids PORT CUSTOMERS RUNS ROWS");
}
