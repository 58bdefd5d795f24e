import ChurnModel
import Foundation
import TestSupport
import Testing

/// What is written, and that it reads back.
@Suite struct ArtefactTests {
    @Test("what is written reads back equal")
    func roundTrip() throws {
        let artefact = try sampleArtefact()
        try withTemporaryDirectory { directory in
            let folder = try artefact.write(to: directory)
            #expect(folder == "\(directory)/sample/3")
            #expect(try ModelArtefact(folder: folder, name: "sample", version: 3) == artefact)
        }
    }

    @Test("the text gives back the model's doubles bit for bit", arguments: [UInt64(21), 22, 23])
    func modelDoubles(seed: UInt64) throws {
        for offset in 0..<100 {
            let artefact = try sampleArtefact(seed: seed * 1_000 + UInt64(offset))
            let read = try ModelArtefact(json: artefact.json, at: "model.json")
            #expect(read == artefact)
            #expect(read.json == artefact.json)
            for (a, b) in zip(read.model.logistic.inputs, artefact.model.logistic.inputs) {
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
        var artefact = try sampleArtefact()
        artefact.metrics = ["all": values]
        let read = try ModelArtefact(json: artefact.json, at: "model.json")
        for (name, value) in values {
            #expect(read.metrics["all"]?[name]?.bitPattern == value.bitPattern, "\(name) \(value)")
        }
    }

    @Test("the text is readable and the same for equal artefacts")
    func text() throws {
        let text = String(decoding: try sampleArtefact().json, as: UTF8.self)
        #expect(text == String(decoding: try sampleArtefact().json, as: UTF8.self))
        #expect(text.hasPrefix("{\n  \"format\": \"churn.logistic-regression\",\n  \"format_version\": 1,\n"))
        #expect(
            text.contains("\n    { \"feature\": \"feature_2\", \"transform\": \"log\", \"offset\": 0.05, \"mean\": ")
        )
        #expect(text.hasSuffix("\n}\n"))
    }

    @Test("sha256sum -c accepts what is written")
    func sha256sum() throws {
        try withTemporaryDirectory { directory in
            let folder = try sampleArtefact().write(to: directory)
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
            let folder = try sampleArtefact().write(to: "\(directory)/new/models")
            #expect(throws: ModelError.alreadyExists(at: folder)) {
                try sampleArtefact(seed: 2).write(to: "\(directory)/new/models")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/new/models/sample") == ["3"])

            try Data().write(to: URL(fileURLWithPath: "\(directory)/file"))
            let error = #expect(throws: ModelError.self) { try sampleArtefact().write(to: "\(directory)/file") }
            #expect(isUseful(error, file: "\(directory)/file"))

            var broken = try sampleArtefact(version: 4)
            broken.metrics["test"]?["auc"] = .nan
            #expect(throws: ModelError.self) { try broken.write(to: "\(directory)/new/models") }
            broken = try sampleArtefact(version: 4)
            broken.training.positives = 11
            #expect(throws: ModelError.self) { try broken.write(to: "\(directory)/new/models") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/new/models/sample") == ["3"])
        }
    }
}
