import ChurnFeatures
import ChurnModel
import ChurnTraining
import Foundation
import TestSupport
import Testing

/// Columns of one's own, on the real data.
@Suite struct ImportTests {
    /// A column of one value a row, made from the snapshot and the number of the row.
    private func table(
        _ name: String,
        _ snapshots: [Snapshot],
        isDated: Bool,
        _ value: (Snapshot, Int) -> Double
    ) throws -> ImportedTable {
        var table = try ImportedTable(names: [name], isDated: isDated)
        for snapshot in snapshots {
            for (row, customer) in snapshot.customers.enumerated() {
                let isNew = table.add(customer: customer, day: snapshot.day, [value(snapshot, row)])
                #expect(isNew)
            }
        }
        return table
    }

    private func forecast(_ imported: String, allowing: Set<String> = []) throws -> TemporalProtocol {
        try TemporalProtocol(
            trainingCutoffs: Reference.temporal.get().train_cutoffs.texts.suffix(2).map(day),
            testCutoff: day(Reference.temporal.get().test_cutoff.text),
            candidates: [InputSet.t6.adding([imported])],
            baseline: InputSet.t6.adding([imported]),
            penalties: [100],
            validation: CrossValidation(regression: LogisticRegression()),
            allowedLeaks: allowing
        )
    }

    @Test("a forecast takes a dated column that does not know the label, and says where it is from")
    func honest() throws {
        let plain = try RealData.snapshots.get()
        var random = SplitMix64(seed: 8)
        let noise = try table("tickets", plain.cutoffs, isDated: true) { _, _ in
            Double.random(in: 0...1, using: &random)
        }
        let snapshots = try plain.importing(noise)
        let proto = try forecast("tickets")
        let selection = try proto.select(snapshots)
        let test = try proto.test(selection, on: proto.seal(snapshots), snapshots)
        #expect(selection.fit.inputs == InputSet.t6.features + ["tickets"])
        #expect(selection.leaks.imported == ["tickets"] && selection.leaks.allowed == [])
        // Noise neither helps nor harms.
        #expect((0.74..<0.751).contains(test.chosen.metrics.areaUnderROC))
        let papers = ArtefactPapers(name: "m", version: 1, data: "d", fingerprint: "f")
        let artefact = try proto.artefact(selection, test, papers)
        #expect(artefact.notes.count == 1 && artefact.notes[0].hasPrefix("Imported inputs: tickets."))
        #expect(artefact.model.row.inputs.last?.feature == "tickets")
        // What was not imported is as before.
        #expect(throws: TrainingError.unknownFeature("tickets")) { try proto.select(plain) }
    }

    @Test("a column that knows the label stops a forecast, unless it is allowed by name and so written down")
    func leak() throws {
        let plain = try RealData.snapshots.get()
        var random = SplitMix64(seed: 9)
        let known = try table("called_after", plain.cutoffs, isDated: true) { snapshot, row in
            (snapshot.labels[row] ? 1 : 0) + Double.random(in: 0...1.2, using: &random)
        }
        let snapshots = try plain.importing(known)
        #expect {
            try forecast("called_after").select(snapshots)
        } throws: { error in
            guard case TrainingError.leaks(let findings) = error else { return false }
            return findings.map(\.input) == ["called_after"] && "\(error)".contains("alone has an AUC of 0.9")
        }
        let allowing = try forecast("called_after", allowing: ["called_after"])
        let selection = try allowing.select(snapshots)
        #expect(selection.leaks.notes.contains { $0.hasPrefix("Leak allowed by name: input \"called_after\"") })
        let artefact = try allowing.artefact(
            selection,
            nil,
            ArtefactPapers(name: "m", version: 1, data: "d", fingerprint: "f")
        )
        #expect(artefact.notes == selection.leaks.notes && artefact.notes.count == 2)
    }

    @Test("the prototype's protocol refuses Recency under another name, and a rate that has it in it")
    func shared() throws {
        let plain = try RealData.snapshots.get()
        let history = try RealData.shared()
        let (recency, frequency) = (history.feature("recency_24h") ?? [], history.feature("Frequency") ?? [])
        for (name, value) in [
            ("silence", { recency[recency.startIndex + $0] }),
            ("rate", { frequency[frequency.startIndex + $0] / (374.5 - recency[recency.startIndex + $0]) }),
        ] as [(String, (Int) -> Double)] {
            let snapshots = try plain.importing(table(name, [history], isDated: false) { value($1) })
            let shared = try #require(snapshots.shared)
            let inputs = InputSet.seed3.adding([name])
            #expect {
                try SeedProtocol(inputs: inputs, regression: LogisticRegression()).run(shared)
            } throws: { error in
                guard case TrainingError.leaks(let findings) = error else { return false }
                return findings.map(\.input) == [name]
            }
            let allowed = try SeedProtocol(inputs: inputs, regression: LogisticRegression(), allowedLeaks: [name])
            #expect(try allowed.run(shared).leaks.allowed.map(\.input) == [name])
        }
        let even = try plain.importing(table("even", [history], isDated: false) { Double($0.customers[$1] % 2) })
        let outcome = try SeedProtocol(inputs: InputSet.seed3.adding(["even"]), regression: LogisticRegression())
            .run(#require(even.shared))
        #expect(outcome.leaks.allowed == [] && outcome.fit.inputs.last == "even")
    }

    @Test("every customer needs a row, once, and names are new")
    func wrongTables() throws {
        let plain = try RealData.snapshots.get()
        let first = try #require(plain.cutoffs.first)
        var dated = try ImportedTable(names: ["tickets"], isDated: true)
        let added = [3, 4, 3].map { dated.add(customer: 1, day: $0, [0]) }
        #expect(added == [true, true, false])
        #expect(throws: TrainingError.missingImport(customer: first.customers[0], cutoff: first.date)) {
            try plain.importing(dated)
        }
        #expect(throws: TrainingError.missingImport(customer: 12_346, cutoff: nil)) {
            try plain.importing(ImportedTable(names: ["tickets"], isDated: false))
        }
        #expect(throws: TrainingError.duplicateInput("Monetary")) {
            try ImportedTable(names: ["Monetary"], isDated: true)
        }
        #expect(throws: TrainingError.duplicateInput("a")) { try ImportedTable(names: ["a", "a"], isDated: true) }
        #expect(throws: TrainingError.self) { try ImportedTable(names: [], isDated: true) }
    }
}
