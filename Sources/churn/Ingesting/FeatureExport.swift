internal import ChurnBase
internal import ChurnFeatures

/// Makes features straight from transaction files, without a store, and writes them as CSV.
struct FeatureExport {
    var paths: [String]
    var reading: ReadingOptions
    /// Days since 1970-01-01; nil: the day after the last purchase.
    var asOfDay: Int64?
    /// `-` for standard output.
    var output: String
    var json: Bool

    func run() throws {
        let plan = try ReadingPlan(paths: paths, options: reading)
        var target = try OutputTarget(path: output)
        if let input = plan.inputs.first(where: { target.isSame(as: $0.path) }) {
            throw Failure(.usage, "\(input.path): would be overwritten by its own features; name another --output")
        }
        var progress = ProgressLine()
        defer { progress.clear() }
        let read = FileReading(plan)
        var builder = FactsBuilder(asOfDay: asOfDay, totalBytes: plan.byteCount)
        try read.run(rejects: reading.rejectsFile, &progress) { reader, notes in
            try builder.add(&reader, maxLines: IngestBatch.defaultLines) { notes.note($0) }
        }
        var verdict = ReadingVerdict(read.summary, limit: reading.maxRejects, findings: read.findings())
        if let refusal = verdict.refusal { throw refusal }
        let context = try builder.context()
        let absent = try builder.hasProducts() ? [] : ProductFeatures.names
        let totals = try write(builder, context, without: absent, to: &target, &progress)
        try target.finish()
        progress.clear()
        read.note(totals.collided)
        verdict.note(totals.collided)
        let text =
            json
            ? IngestText.object(read, totals, context, verdict, output: output).text + "\n"
            : IngestText.table(read, totals, context, output: output, elapsed: progress.elapsed)
        // Beside the features of a pipe it would only disturb.
        if output == "-" { StandardStream.error.writeBestEffort(text) } else { try StandardStream.output.write(text) }
        BuildRemarks.write(totals)
        for warning in verdict.warnings { StandardStream.error.writeBestEffort("churn: warning: \(warning)\n") }
        try reading.save(plan)
        if let failure = verdict.emptyInputs { throw failure }
    }

    private func write(
        _ builder: consuming FactsBuilder,
        _ context: BuildContext,
        without absent: [String],
        to target: inout OutputTarget,
        _ progress: inout ProgressLine
    ) throws -> FactsTotals {
        let schema = FeatureSchema.current
        let columns = schema.names.indices.filter { !absent.contains(schema.names[$0]) }
        try target.write("customer_id,\(columns.map { schema.names[$0] }.joined(separator: ","))\n")
        var row = [Double](repeating: 0, count: schema.names.count)
        var customers: Int64 = 0
        return try builder.forEachCustomer { facts, customerText in
            row.withUnsafeMutableBufferPointer { schema.write(facts, context, to: $0) }
            var text =
                customerText.isEmpty
                ? String(facts.customer) : csvField(String(decoding: customerText, as: UTF8.self))
            for column in columns { text += "," + shortText(row[column]) }
            try target.write(text + "\n")
            customers += 1
            progress.show { _ in "\(groupedText(customers)) customers" }
        }
    }
}
