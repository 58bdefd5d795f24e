internal import ArgumentParser
internal import ChurnBase
internal import ChurnFeatures
#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Row 8: from a CSV file to the table of features, all of them, as `churn features FILE` makes it.
struct CSVFeatures: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "csv-features",
        abstract: "Times a CSV file to a feature table: once for each line of standard input, in seconds.",
        discussion: "The line is the name of a file to write recency, frequency, monetary and average to, or empty."
    )

    @Argument(help: "The transactions.")
    var file: String

    func run() throws {
        let clock = ContinuousClock()
        while let output = readLine() {
            let start = clock.now
            let table = try features()
            print((clock.now - start) / .seconds(1))
            // Who asks waits for the answer; a pipe would keep it.
            fflush(nil)
            if !output.isEmpty { try Self.write(table, to: output) }
        }
    }

    private func features() throws -> FeatureTable {
        var reader = try TransactionReader(path: file)
        var builder = FactsBuilder(asOfDay: nil, totalBytes: reader.report.fileBytes)
        while try builder.add(&reader, maxLines: 20_000) {}
        var table = FeatureTable.Builder(context: try builder.context(), generation: 1)
        _ = try builder.forEachCustomer { facts, _ in try table.append(facts) }
        return try table.finish()
    }

    private static func write(_ table: FeatureTable, to path: String) throws {
        let columns = ["recency_24h", "Frequency", "Monetary", "AvgOrderValue"].compactMap(table.schema.index(of:))
        try withExtendedLifetime(table) {
            var text = ""
            for (row, customer) in table.customers.enumerated() {
                let values = table.features(row: row)
                text += (["\(customer)"] + columns.map { "\(values[$0])" }).joined(separator: ",") + "\n"
            }
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
    }
}
