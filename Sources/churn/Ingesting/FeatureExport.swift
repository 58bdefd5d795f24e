internal import ChurnBase
internal import ChurnFeatures

/// Makes features straight from transaction files, without a store, and writes them as CSV.
struct FeatureExport {
    var files: [String]
    /// Days since 1970-01-01; nil: the day after the last purchase.
    var asOfDay: Int64?
    /// `-` for standard output.
    var output: String
    var json: Bool

    func run() throws {
        try IngestCheck.run(files)
        var target = try OutputTarget(path: output)
        if let file = files.first(where: { target.isSame(as: $0) }) {
            throw Failure(.usage, "\(file): would be overwritten by its own features; name another --output")
        }
        var summary = ReadingSummary()
        var progress = ProgressLine()
        defer { progress.clear() }
        var builder = FactsBuilder(asOfDay: asOfDay, totalBytes: IngestCheck.byteCount(files))
        for file in files {
            var reader = try TransactionReader(path: file)
            while try builder.add(&reader, maxLines: IngestBatch.defaultLines) {
                let report = reader.report
                progress.show { IngestText.progress(report, linesBefore: summary.total.lines, elapsed: $0) }
            }
            summary.add(reader.report)
        }
        let context = try builder.context()
        let totals = try write(builder, context, to: &target, &progress)
        try target.finish()
        progress.clear()
        let text =
            json
            ? IngestText.object(summary, totals, context, output: output).text + "\n"
            : IngestText.table(summary, totals, context, output: output, elapsed: progress.elapsed)
        // Beside the features of a pipe it would only disturb.
        if output == "-" { StandardStream.error.writeBestEffort(text) } else { try StandardStream.output.write(text) }
    }

    private func write(
        _ builder: consuming FactsBuilder,
        _ context: BuildContext,
        to target: inout OutputTarget,
        _ progress: inout ProgressLine
    ) throws -> FactsTotals {
        let schema = FeatureSchema.current
        try target.write("customer_id,\(schema.names.joined(separator: ","))\n")
        var row = [Double](repeating: 0, count: schema.names.count)
        var customers: Int64 = 0
        return try builder.forEachCustomer { facts in
            row.withUnsafeMutableBufferPointer { schema.write(facts, context, to: $0) }
            var text = String(facts.customer)
            for value in row { text += "," + shortText(value) }
            try target.write(text + "\n")
            customers += 1
            progress.show { _ in "\(groupedText(customers)) customers" }
        }
    }
}
