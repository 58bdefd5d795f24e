// grpc-server CUSTOMERS.csv MODEL.csv: the peer. The same look-up and the same score as ours, over gRPC's callback API,
// which is the fastest that gRPC C++ offers. Prints its port, serves until it is killed.
#include <grpcpp/grpcpp.h>

#include <cmath>
#include <string_view>

#include "churn/v1/churn_service.grpc.pb.h"
#include "peer.h"

namespace {

constexpr size_t kFeatures = 3;

struct Customer {
    int64_t id;  // 0: an empty slot
    double features[kFeatures];
};

// Open addressing with linear probing, at most half full: one cache line a look-up, mostly.
class CustomerTable {
public:
    explicit CustomerTable(const Table &table, const std::vector<std::string> &features) {
        size_t capacity = 16;
        while (capacity < 2 * table.rows()) capacity *= 2;
        slots_.resize(capacity);
        const auto &ids = table["id"];
        for (size_t row = 0; row < ids.size(); row++) {
            Customer &slot = find(static_cast<int64_t>(ids[row]));
            slot.id = static_cast<int64_t>(ids[row]);
            for (size_t at = 0; at < kFeatures; at++) slot.features[at] = table[features[at]][row];
        }
    }

    // The customer's slot, or the empty one where it would be.
    Customer &find(int64_t id) {
        uint64_t hash = static_cast<uint64_t>(id) * 0x9e3779b97f4a7c15;
        size_t mask = slots_.size() - 1;
        for (size_t at = (hash ^ (hash >> 32)) & mask;; at = (at + 1) & mask)
            if (slots_[at].id == id || slots_[at].id == 0) return slots_[at];
    }

private:
    std::vector<Customer> slots_;
};

// Logistic regression with the standardisation folded into the weights, as ours has it.
struct Model {
    std::vector<std::string> names;
    double weights[kFeatures] = {}, bias, threshold;

    // One row: intercept, threshold, then NAME.mean, NAME.scale and NAME.coefficient of every feature.
    explicit Model(const Table &table) : bias(table["intercept"][0]), threshold(table["threshold"][0]) {
        for (const auto &name : table.names)
            if (size_t dot = name.find(".mean"); dot != std::string::npos) names.push_back(name.substr(0, dot));
        if (names.size() != kFeatures) fail("the model is not one of 3 features");
        for (size_t at = 0; at < kFeatures; at++) {
            weights[at] = table[names[at] + ".coefficient"][0] / table[names[at] + ".scale"][0];
            bias -= weights[at] * table[names[at] + ".mean"][0];
        }
    }

    double log_odds(double a, double b, double c) const {
        return bias + weights[0] * a + weights[1] * b + weights[2] * c;
    }
};

double probability(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }

class Service final : public churn::v1::Churn::CallbackService {
public:
    Service(CustomerTable &customers, const Model &model) : customers_(customers), model_(model) {}

    grpc::ServerUnaryReactor *PredictById(grpc::CallbackServerContext *context,
                                          const churn::v1::PredictByIdRequest *request,
                                          churn::v1::PredictByIdResponse *response) override {
        auto *reactor = context->DefaultReactor();
        const Customer &customer = customers_.find(request->customer_id());
        if (customer.id == 0) {
            reactor->Finish({grpc::StatusCode::NOT_FOUND, "no such customer"});
            return reactor;
        }
        const double *x = customer.features;
        double log_odds = model_.log_odds(x[0], x[1], x[2]);
        response->set_customer_id(customer.id);
        response->set_probability(probability(log_odds));
        response->set_log_odds(log_odds);
        response->set_churn(response->probability() >= model_.threshold);
        response->set_threshold(model_.threshold);
        response->mutable_features()->Add(x, x + kFeatures);
        response->set_schema_id(0xa238418cbe8b3cdf);
        response->set_model("seed-logistic");
        response->set_model_version("1");
        response->set_feature_time(1323475200);
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }

    grpc::ServerUnaryReactor *PredictBatch(grpc::CallbackServerContext *context,
                                           const churn::v1::PredictBatchRequest *request,
                                           churn::v1::PredictBatchResponse *response) override {
        auto *reactor = context->DefaultReactor();
        reactor->Finish(request->has_ids() ? by_ids(request->ids(), response)
                                           : by_columns(request->columns(), response));
        return reactor;
    }

private:
    grpc::Status by_ids(const churn::v1::CustomerIds &ids, churn::v1::PredictBatchResponse *response) {
        double *out = start(response, ids.customer_id_size());
        for (int64_t id : ids.customer_id()) {
            const Customer &customer = customers_.find(id);
            if (customer.id == 0) return {grpc::StatusCode::NOT_FOUND, "no such customer"};
            *out++ = model_.log_odds(customer.features[0], customer.features[1], customer.features[2]);
        }
        finish(response);
        return grpc::Status::OK;
    }

    grpc::Status by_columns(const churn::v1::FeatureColumns &columns, churn::v1::PredictBatchResponse *response) {
        const double *x[kFeatures] = {};
        int rows = columns.column_size() ? columns.column(0).value_size() : 0;
        for (const auto &column : columns.column())
            for (size_t at = 0; at < kFeatures; at++)
                if (column.name() == model_.names[at] && column.value_size() == rows) x[at] = column.value().data();
        if (!x[0] || !x[1] || !x[2]) return {grpc::StatusCode::INVALID_ARGUMENT, "a column is missing"};
        double *out = start(response, rows);
        for (int row = 0; row < rows; row++) out[row] = model_.log_odds(x[0][row], x[1][row], x[2][row]);
        finish(response);
        return grpc::Status::OK;
    }

    double *start(churn::v1::PredictBatchResponse *response, int rows) {
        response->mutable_probability()->Resize(rows, 0);
        response->mutable_decision()->resize(static_cast<size_t>(rows));
        return response->mutable_probability()->mutable_data();
    }

    void finish(churn::v1::PredictBatchResponse *response) {
        double *out = response->mutable_probability()->mutable_data();
        char *decision = response->mutable_decision()->data();
        for (int row = 0; row < response->probability_size(); row++) {
            out[row] = probability(out[row]);
            decision[row] = out[row] >= model_.threshold;
        }
        response->set_threshold(model_.threshold);
        response->set_schema_id(0xa238418cbe8b3cdf);
        response->set_model("seed-logistic");
        response->set_model_version("1");
    }

    CustomerTable &customers_;
    const Model &model_;
};

}  // namespace

int main(int count, char **arguments) {
    if (count != 3) fail("usage: grpc-server CUSTOMERS.csv MODEL.csv");
    Model model{Table(arguments[2])};
    CustomerTable customers(Table(arguments[1]), model.names);
    Service service(customers, model);
    int port = 0;
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(16 << 20);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    auto server = builder.BuildAndStart();
    if (!server) fail("cannot listen");
    std::printf("%d\n", port);
    std::fflush(stdout);
    server->Wait();
}
