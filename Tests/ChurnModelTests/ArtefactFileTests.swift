import ChurnModel
import Foundation
import TestSupport
import Testing

/// Refusals: files that are missing, damaged or not files.
@Suite struct ArtefactFileTests {
    @Test("refuses missing, unreadable and oversized files by name")
    func files() throws {
        try withTemporaryDirectory { directory in
            func read(_ folder: String) -> ModelError? {
                #expect(throws: ModelError.self) { try ModelArtefact(folder: folder, name: "sample", version: 3) }
            }
            let folder = try place(sampleArtefact(), in: directory)
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
            let folder = try place(sampleArtefact(), in: directory)
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
        let text = try sampleArtefact().json
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
}

extension Int {
    /// So many zero bytes.
    fileprivate var zeros: [UInt8] { [UInt8](repeating: 0, count: self) }
}
