import ChurnModel
import Foundation
import Testing

/// Refusals: contents, under a checksum that fits.
@Suite struct ArtefactContentTests {
    @Test("refuses what is not a JSON object", arguments: ["", "{", "[]", "null", "3", "\"x\"", "{}x", "\u{FEFF}"])
    func notJSON(text: String) throws {
        let error = #expect(throws: ModelError.self) { try readingSample { _ in text } }
        #expect(isUseful(error, file: "model.json"))
        guard case .notJSON = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("refuses nesting without end")
    func nesting() throws {
        for open in ["[", "{\"a\":"] {
            let error = #expect(throws: ModelError.self) {
                try readingSample { _ in String(repeating: open, count: 100_000) }
            }
            #expect(isUseful(error, file: "model.json"))
        }
    }

    struct Edit: CustomTestStringConvertible, Sendable {
        var from: String
        var to: String
        var expected: @Sendable (ModelError) -> Bool
        var testDescription: String { "\(from) -> \(to)" }
    }

    static let edits: [Edit] = [
        Edit(from: "\"format_version\": 1", to: "\"format_version\": 2") {
            if case .wrongFormat(_, _, "churn.logistic-regression version 2") = $0 { true } else { false }
        },
        Edit(from: "churn.logistic-regression", to: "other") {
            if case .wrongFormat(_, _, "other version 1") = $0 { true } else { false }
        },
        Edit(from: "\"format_version\": 1,", to: "") {
            if case .malformed(_, "format_version", "is missing") = $0 { true } else { false }
        },
        Edit(from: "\"name\": \"sample\"", to: "\"name\": \"samplf\"") {
            if case .nameMismatch(_, "sample", "samplf") = $0 { true } else { false }
        },
        Edit(from: "\"name\": \"sample\"", to: "\"name\": \"../sample\"") {
            if case .invalidName(_, "name", "../sample") = $0 { true } else { false }
        },
        Edit(from: "\"version\": 3", to: "\"version\": 4") {
            if case .versionMismatch(_, 3, 4) = $0 { true } else { false }
        },
        Edit(from: "\"version\": 3", to: "\"version\": 0") {
            if case .outOfRange(_, "version", _, "0") = $0 { true } else { false }
        },
        Edit(from: "\"version\": 3", to: "\"version\": 3.5") {
            if case .malformed(_, "version", _) = $0 { true } else { false }
        },
        Edit(from: "\"schema_hash\": \"", to: "\"schema_hash\": \"0") {
            if case .schemaMismatch = $0 { true } else { false }
        },
        Edit(from: "feature_0", to: "feature_9") {
            if case .schemaMismatch = $0 { true } else { false }
        },
        Edit(from: "\"offset\": 0.05", to: "\"offset\": 0.06") {
            if case .schemaMismatch = $0 { true } else { false }
        },
        Edit(from: "\"offset\": 0.05, ", to: "") {
            if case .malformed(_, "inputs[2].offset", "is missing") = $0 { true } else { false }
        },
        Edit(from: "\"transform\": \"log1p\"", to: "\"transform\": \"log1p\", \"offset\": 1") {
            if case .malformed(_, "inputs[1].offset", _) = $0 { true } else { false }
        },
        Edit(from: "\"transform\": \"log1p\"", to: "\"transform\": \"sqrt\"") {
            if case .malformed(_, "inputs[1].transform", _) = $0 { true } else { false }
        },
        Edit(from: "feature_1", to: "feature_0") {
            if case .duplicateInput(_, "feature_0") = $0 { true } else { false }
        },
        Edit(from: "feature_1", to: "feature 1") {
            if case .invalidName(_, "inputs[1].feature", _) = $0 { true } else { false }
        },
        Edit(from: "feature_1", to: "") {
            if case .invalidName(_, "inputs[1].feature", "") = $0 { true } else { false }
        },
        Edit(from: "\"scale\": ", to: "\"scale\": -") {
            if case .outOfRange(_, "inputs[0].scale", _, _) = $0 { true } else { false }
        },
        Edit(from: "\"scale\": ", to: "\"scale\": 0, \"old\": ") {
            if case .outOfRange(_, "inputs[0].scale", _, "0.0") = $0 { true } else { false }
        },
        Edit(from: "\"scale\": ", to: "\"scale\": 1e-300, \"old\": ") {
            if case .outOfRange(_, "inputs[0].coefficient / scale", _, _) = $0 { true } else { false }
        },
        Edit(from: "\"mean\": ", to: "\"mean\": NaN, \"old\": ") {
            if case .notJSON = $0 { true } else { false }
        },
        Edit(from: "\"mean\": ", to: "\"mean\": \"NaN\", \"old\": ") {
            if case .malformed(_, "inputs[0].mean", _) = $0 { true } else { false }
        },
        Edit(from: "\"mean\": ", to: "\"mean\": null, \"old\": ") {
            if case .malformed(_, "inputs[0].mean", _) = $0 { true } else { false }
        },
        Edit(from: "\"mean\": ", to: "\"mean\": 1e300, \"old\": ") {
            if case .outOfRange(_, "inputs[0].mean", _, "1e+300") = $0 { true } else { false }
        },
        Edit(from: "\"coefficient\": ", to: "\"coefficient\": 1e400, \"old\": ") {
            switch $0 {
            case .malformed, .notJSON, .notFinite: true
            default: false
            }
        },
        Edit(from: "\"intercept\": ", to: "\"intercept\": [], \"old\": ") {
            if case .malformed(_, "intercept", _) = $0 { true } else { false }
        },
        Edit(from: "\"threshold\": ", to: "\"threshold\": 1.5, \"old\": ") {
            if case .outOfRange(_, "threshold", _, "1.5") = $0 { true } else { false }
        },
        Edit(from: "\"threshold\": ", to: "\"threshold\": -0.1, \"old\": ") {
            if case .outOfRange(_, "threshold", _, "-0.1") = $0 { true } else { false }
        },
        Edit(from: "\"threshold_rule\"", to: "\"rule\"") {
            if case .malformed(_, "threshold_rule", "is missing") = $0 { true } else { false }
        },
        Edit(from: "\"rows\": 10", to: "\"rows\": -10") {
            if case .outOfRange(_, "training.rows", _, "-10") = $0 { true } else { false }
        },
        Edit(from: "\"positives\": 4", to: "\"positives\": 40") {
            if case .outOfRange(_, "training.positives", _, "40") = $0 { true } else { false }
        },
        Edit(from: "\"rows\": 10", to: "\"rows\": 1e30") {
            if case .malformed(_, "training.rows", _) = $0 { true } else { false }
        },
    ]

    @Test("refuses each wrong value by its own error", arguments: edits)
    func values(edit: Edit) throws {
        let error = #expect(throws: ModelError.self) {
            try readingSample { text in
                guard let range = text.range(of: edit.from) else { return text }
                return text.replacingCharacters(in: range, with: edit.to)
            }
        }
        let found = try #require(error)
        #expect(edit.expected(found), "\(found)")
        #expect(isUseful(found, file: "model.json"))
    }

    @Test("refuses no inputs and too many")
    func inputCounts() throws {
        func inputs(_ rows: String) throws -> ModelError? {
            #expect(throws: ModelError.self) {
                try readingSample { text in
                    guard let start = text.range(of: "\"inputs\": ["), let end = text.range(of: "\n  ],\n  \"intercept")
                    else { return text }
                    return text.replacingCharacters(in: start.upperBound..<end.lowerBound, with: rows)
                }
            }
        }
        let row = "{\"feature\":\"a\",\"transform\":\"identity\",\"mean\":0,\"scale\":1,\"coefficient\":1}"
        guard case .noInputs = try inputs("") else {
            Issue.record("no inputs")
            return
        }
        let many = Array(repeating: row, count: 257).joined(separator: ",")
        guard case .tooManyInputs(_, 256, 257) = try inputs(many) else {
            Issue.record("257 inputs")
            return
        }
    }

    @Test("a model made in memory is checked as well")
    func memory() throws {
        for bad in [Double.nan, .infinity, -.infinity] {
            #expect(throws: ModelError.notFinite(at: "model test@1", field: "intercept", found: "\(bad)")) {
                try model(coefficients: [1], intercept: bad)
            }
            #expect(throws: ModelError.notFinite(at: "model test@1", field: "threshold", found: "\(bad)")) {
                try model(coefficients: [1], threshold: bad)
            }
            #expect(throws: ModelError.notFinite(at: "model test@1", field: "inputs[1].mean", found: "\(bad)")) {
                try model(coefficients: [1, 1], means: [0, bad])
            }
            #expect(throws: ModelError.notFinite(at: "model test@1", field: "inputs[0].scale", found: "\(bad)")) {
                try model(coefficients: [1], scales: [bad])
            }
            #expect(throws: ModelError.notFinite(at: "model test@1", field: "inputs[0].coefficient", found: "\(bad)")) {
                try model(coefficients: [bad])
            }
        }
        #expect(throws: ModelError.noInputs(at: "model test@1")) { try model(coefficients: []) }
        #expect(throws: Never.self) { try model(coefficients: Array(repeating: 1, count: 256)) }
        #expect(throws: ModelError.tooManyInputs(at: "model test@1", limit: 256, found: 257)) {
            try model(coefficients: Array(repeating: 1, count: 257))
        }
    }

    @Test("error messages stay one line and short whatever they quote")
    func messages() {
        let hostile = "a\nb\u{1b}[31m\u{2028}" + String(repeating: "x", count: 100_000)
        for error in [
            ModelError.unknownModel(hostile, available: []), .invalidSelector(hostile, available: ["a@1"]),
            .nameMismatch(at: "f", expected: "a", found: hostile),
        ] {
            #expect(!error.description.contains { $0.isNewline || $0 == "\u{1b}" })
            #expect(error.description.utf8.count < 1_000)
        }
        let names = (1...50).map { "m@\($0)" }
        #expect(ModelError.noSelection(available: names).description.contains("m@20 and 30 more"))
    }
}
