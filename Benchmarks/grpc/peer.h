// What both gRPC programs read: CSV tables made by Benchmarks/python/prepare.py.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

[[noreturn]] inline void fail(const std::string &reason) {
    std::fprintf(stderr, "grpc peer: %s\n", reason.c_str());
    std::_Exit(1);
}

// A CSV file of numbers: the names of its header and its values by columns. An id is exact as a double below 2^53.
struct Table {
    std::vector<std::string> names;
    std::vector<std::vector<double>> columns;

    explicit Table(const std::string &path) {
        std::ifstream file(path, std::ios::binary);
        std::string text((std::istreambuf_iterator<char>(file)), {});
        size_t at = text.find('\n');
        if (!file || at == std::string::npos) fail(path + ": cannot be read");
        for (size_t from = 0; from <= at;) {
            size_t to = std::min(text.find(',', from), at);
            names.push_back(text.substr(from, to - from));
            from = to + 1;
        }
        columns.resize(names.size());
        for (const char *next = text.c_str() + at + 1; *next;) {
            for (auto &column : columns) {
                char *end;
                column.push_back(std::strtod(next, &end));
                if (end == next || (*end != ',' && *end != '\n')) fail(path + ": not a number");
                next = end + 1;
            }
        }
        if (rows() == 0) fail(path + ": no row");
    }

    size_t rows() const { return columns[0].size(); }

    const std::vector<double> &operator[](const std::string &name) const {
        for (size_t at = 0; at < names.size(); at++)
            if (names[at] == name) return columns[at];
        fail("no column " + name);
    }
};

inline bool is_close(double value, double expected) {
    return value - expected <= 1e-12 && expected - value <= 1e-12;
}
