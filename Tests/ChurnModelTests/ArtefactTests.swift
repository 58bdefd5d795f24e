import ChurnModel
import Foundation
import Testing

@Suite struct ArtefactTests {
    /// An artefact that uses every field and every transform.
    static func artefact(name: String = "sample", version: Int = 3, seed: UInt64 = 1) throws -> ModelArtefact {
        var random = SplitMix64(seed: seed)
        var inputs: [ModelInput] = []
        for (j, transform) in [Transform.identity, .log1p, .log(offset: 0.05)].enumerated() {
            inputs.append(
                ModelInput(
                    feature: "feature_\(j)",
                    transform: transform,
                    mean: random.wide(-5...5),
                    scale: abs(random.wide(-5...5)),
                    coefficient: random.wide(-5...5)
                )
            )
        }
        return ModelArtefact(
            model: try LogisticModel(
                name: name,
                version: version,
                inputs: inputs,
                intercept: random.wide(-5...5),
                threshold: Double.random(in: 0...1, using: &random)
            ),
            thresholdRule: "by hand: \"a\\b\" and\nnew line, tab\t, bell \u{7}, é, 漢字, 😀, \u{2028}",
            training: .init(
                data: "made up",
                fingerprint: "sha256:0",
                rows: 10,
                positives: 4,
                cutoffs: ["2011-03-06", "2011-03-13"],
                horizonDays: 90,
                procedure: "none"
            ),
            metrics: ["test": ["roc_auc": 0.1 + 0.2, "log_loss": Double.leastNonzeroMagnitude], "empty": [:]],
            libraries: ["swift": "6.3"],
            notes: ["one", "two"]
        )
    }

    /// Writes the sample's text, changed by `edit`, with a checksum that fits, and reads it.
    private func reading(_ edit: (String) -> String) throws {
        try withTemporaryDirectory { directory in
            let artefact = try Self.artefact()
            let before = String(decoding: artefact.json, as: UTF8.self)
            let after = edit(before)
            #expect(after != before, "the edit changed nothing")
            let folder = try place(artefact, in: directory)
            try place(Array(after.utf8), in: folder)
            _ = try ModelArtefact(folder: folder, name: "sample", version: 3)
        }
    }

    /// One line, which names the file.
    private func isUseful(_ error: ModelError?, file: String) -> Bool {
        guard let text = error?.description else { return false }
        return text.contains(file) && !text.contains("\n") && text.contains("; ")
    }

    // MARK: Writing

    @Test("what is written reads back equal")
    func roundTrip() throws {
        let artefact = try Self.artefact()
        try withTemporaryDirectory { directory in
            let folder = try artefact.write(to: directory)
            #expect(folder == "\(directory)/sample/3")
            #expect(try ModelArtefact(folder: folder, name: "sample", version: 3) == artefact)
        }
    }

    @Test("the text gives back the model's doubles bit for bit", arguments: [UInt64(21), 22, 23])
    func modelDoubles(seed: UInt64) throws {
        for offset in 0..<100 {
            let artefact = try Self.artefact(seed: seed * 1_000 + UInt64(offset))
            let read = try ModelArtefact(json: artefact.json, at: "model.json")
            #expect(read == artefact)
            #expect(read.json == artefact.json)
            for (a, b) in zip(read.model.inputs, artefact.model.inputs) {
                #expect(a.coefficient.bitPattern == b.coefficient.bitPattern)
                #expect(a.mean.bitPattern == b.mean.bitPattern && a.scale.bitPattern == b.scale.bitPattern)
            }
        }
    }

    @Test("doubles of every size survive the file", arguments: [UInt64(7), 8])
    func doubles(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var values: [String: Double] = [
            "zero": 0, "minus_zero": -0.0, "tiny": Double.leastNonzeroMagnitude,
            "subnormal": .leastNormalMagnitude.nextDown,
            "huge": .greatestFiniteMagnitude, "tenth": 0.1, "whole": 1e15, "long": 1.2345678901234568e17,
        ]
        while values.count < 2_000 {
            let value = random.anyDouble()
            if value.isFinite { values["v\(values.count)"] = value }
        }
        var artefact = try Self.artefact()
        artefact.metrics = ["all": values]
        let read = try ModelArtefact(json: artefact.json, at: "model.json")
        for (name, value) in values {
            #expect(read.metrics["all"]?[name]?.bitPattern == value.bitPattern, "\(name) \(value)")
        }
    }

    @Test("the text is readable and the same for equal artefacts")
    func text() throws {
        let text = String(decoding: try Self.artefact().json, as: UTF8.self)
        #expect(text == String(decoding: try Self.artefact().json, as: UTF8.self))
        #expect(text.hasPrefix("{\n  \"format\": \"churn.logistic-regression\",\n  \"format_version\": 1,\n"))
        #expect(
            text.contains("\n    { \"feature\": \"feature_2\", \"transform\": \"log\", \"offset\": 0.05, \"mean\": ")
        )
        #expect(text.hasSuffix("\n}\n"))
    }

    @Test("sha256sum -c accepts what is written")
    func sha256sum() throws {
        try withTemporaryDirectory { directory in
            let folder = try Self.artefact().write(to: directory)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["sha256sum", "--strict", "--status", "-c", "SHA256SUMS"]
            process.currentDirectoryURL = URL(fileURLWithPath: folder)
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
    }

    @Test("a version is never overwritten, and a failed write leaves nothing")
    func writeOnce() throws {
        try withTemporaryDirectory { directory in
            let folder = try Self.artefact().write(to: "\(directory)/new/models")
            #expect(throws: ModelError.alreadyExists(at: folder)) {
                try Self.artefact(seed: 2).write(to: "\(directory)/new/models")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/new/models/sample") == ["3"])

            try Data().write(to: URL(fileURLWithPath: "\(directory)/file"))
            let error = #expect(throws: ModelError.self) { try Self.artefact().write(to: "\(directory)/file") }
            #expect(isUseful(error, file: "\(directory)/file"))

            var broken = try Self.artefact(version: 4)
            broken.metrics["test"]?["auc"] = .nan
            #expect(throws: ModelError.self) { try broken.write(to: "\(directory)/new/models") }
            broken = try Self.artefact(version: 4)
            broken.training.positives = 11
            #expect(throws: ModelError.self) { try broken.write(to: "\(directory)/new/models") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/new/models/sample") == ["3"])
        }
    }

    // MARK: Refusals: files

    @Test("refuses missing, unreadable and oversized files by name")
    func files() throws {
        try withTemporaryDirectory { directory in
            func read(_ folder: String) -> ModelError? {
                #expect(throws: ModelError.self) { try ModelArtefact(folder: folder, name: "sample", version: 3) }
            }
            let folder = try place(Self.artefact(), in: directory)
            let model = "\(folder)/model.json"
            let sums = "\(folder)/SHA256SUMS"
            let text = try Data(contentsOf: URL(fileURLWithPath: model))
            let sumsText = try Data(contentsOf: URL(fileURLWithPath: sums))
            let files = FileManager.default

            #expect(read("\(directory)/nowhere") == .missing(at: "\(directory)/nowhere/model.json"))
            try files.removeItem(atPath: sums)
            #expect(read(folder) == .missing(at: sums))
            try Data().write(to: URL(fileURLWithPath: sums))
            #expect(read(folder) == .checksumMissing(at: sums))
            try Data("# none\n".utf8).write(to: URL(fileURLWithPath: sums))
            #expect(read(folder) == .checksumMalformed(at: sums, line: 1))
            try Data((ModelLimits.checksumFileBytes + 1).zeros).write(to: URL(fileURLWithPath: sums))
            #expect(read(folder) == .tooLarge(at: sums, limitBytes: ModelLimits.checksumFileBytes))
            try sumsText.write(to: URL(fileURLWithPath: sums))
            #expect(throws: Never.self) { try ModelArtefact(folder: folder, name: "sample", version: 3) }

            try Data((ModelLimits.modelFileBytes + 1).zeros).write(to: URL(fileURLWithPath: model))
            #expect(read(folder) == .tooLarge(at: model, limitBytes: ModelLimits.modelFileBytes))
            try files.removeItem(atPath: model)
            #expect(read(folder) == .missing(at: model))
            try files.createDirectory(atPath: model, withIntermediateDirectories: false)
            #expect(read(folder) == .unreadable(at: model, reason: "not a regular file"))
            try files.removeItem(atPath: model)
            #expect(mkfifo(model, 0o600) == 0)
            #expect(read(folder) == .unreadable(at: model, reason: "not a regular file"))
            try files.removeItem(atPath: model)

            var changed = text
            changed[changed.count / 2] ^= 1
            try changed.write(to: URL(fileURLWithPath: model))
            let error = read(folder)
            guard case .checksumMismatch(at: model, let expected, let found) = error else {
                Issue.record("expected a checksum mismatch, got \(String(describing: error))")
                return
            }
            #expect(sumsText.starts(with: Data(expected.utf8)) && found != expected)
            #expect(isUseful(error, file: model))
        }
    }

    @Test("refuses every truncation and random change of model.json, by its checksum", arguments: [UInt64(31), 32])
    func damage(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        try withTemporaryDirectory { directory in
            let folder = try place(Self.artefact(), in: directory)
            let url = URL(fileURLWithPath: "\(folder)/model.json")
            let text = try Data(contentsOf: url)
            for round in 0..<(text.count + 500) {
                var changed = text
                if round < text.count {
                    changed = text.prefix(round)
                } else {
                    changed[Int.random(in: 0..<text.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
                }
                try changed.write(to: url)
                #expect(throws: ModelError.self) { try ModelArtefact(folder: folder, name: "sample", version: 3) }
            }
        }
    }

    @Test("never traps on damaged text whose checksum fits", arguments: [UInt64(41), 42])
    func damageBelowTheChecksum(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let text = try Self.artefact().json
        var accepted = 0
        for round in 0..<(text.count + 3_000) {
            var changed = text
            if round < text.count {
                changed = Array(text.prefix(round))
            } else {
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    changed[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
            do {
                let read = try ModelArtefact(json: changed, at: "model.json")
                // A changed digit or letter may be another good artefact; it scores all the same.
                #expect(Scorer(read.model, level: .best).bias.isFinite)
                accepted += 1
            } catch {
                #expect(isUseful(error, file: "model.json"))
            }
        }
        // Of the truncations only the one without the last line feed is whole.
        #expect(accepted >= 1)
    }

    // MARK: Refusals: contents

    @Test("refuses what is not a JSON object", arguments: ["", "{", "[]", "null", "3", "\"x\"", "{}x", "\u{FEFF}"])
    func notJSON(text: String) throws {
        let error = #expect(throws: ModelError.self) { try reading { _ in text } }
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
                try reading { _ in String(repeating: open, count: 100_000) }
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
            try reading { text in
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
                try reading { text in
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

extension Int {
    /// So many zero bytes.
    fileprivate var zeros: [UInt8] { [UInt8](repeating: 0, count: self) }
}
