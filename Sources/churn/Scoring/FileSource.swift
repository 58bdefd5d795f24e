internal import ChurnClient
internal import ChurnFeatures

/// The rows of a CSV file: customer ids, or the features of a model.
final class FileSource: ScoreSource {
    let label: String
    private var table: CSVTable
    private let name: String
    private let idColumn: Int?
    /// Feature and its column in the file, in the model's order; empty to score by id.
    private let features: [(name: String, column: Int)]
    private let batchRows: Int
    private var row: Int64 = 0

    /// Characters of a wrong value that a message shows.
    private static let shownBytes = 60

    /// - Parameters:
    ///   - name: of the file, for messages.
    ///   - features: what the model reads.
    /// - Throws: 65 when the columns fit neither form, naming what is missing, what is there and what the model reads.
    init(_ table: consuming CSVTable, name: String, features: [String], batchRows: Int) throws(Failure) {
        let columns = table.columns
        self.table = table
        self.name = name
        self.batchRows = batchRows
        idColumn = columns.firstIndex(where: Self.isCustomerID)
        label = idColumn == nil ? "row" : "customer_id"
        let missing = features.filter { !columns.contains($0) }
        if missing.isEmpty, !features.isEmpty {
            self.features = features.compactMap { name in columns.firstIndex(of: name).map { (name, $0) } }
        } else if idColumn != nil, missing.count == features.count {
            // Ids, with or without columns that are not the model's.
            self.features = []
        } else {
            throw Failure(
                .badData,
                ("\(name): no column \(missing.joined(separator: ", ")); it has \(columns.joined(separator: ", ")); the "
                    + "model reads \(features.joined(separator: ", ")); give them all, or customer_id alone").oneLine
            )
        }
    }

    func next() throws -> ScoreBatch? {
        var labels: [Int64] = []
        var columns = features.map { FeatureColumn(name: $0.name, values: []) }
        while labels.count < batchRows, try table.next() {
            row += 1
            labels.append(try idColumn.map { column throws(Failure) in try id(column) } ?? row)
            for (index, feature) in features.enumerated() {
                columns[index].values.append(try value(feature.column))
            }
        }
        if labels.isEmpty {
            guard row == 0 else { return nil }
            throw Failure(.badData, "\(name): has a header and no rows; there is nothing to score")
        }
        return ScoreBatch(labels: labels, rows: features.isEmpty ? .ids(labels) : .columns(columns))
    }

    /// `17850`, or `17850.0` as spreadsheets write it.
    private func id(_ column: Int) throws(Failure) -> Int64 {
        let text = String(decoding: table.field(column), as: UTF8.self)
        guard let id = Int64(text) ?? (text.hasSuffix(".0") ? Int64(text.dropLast(2)) : nil) else {
            throw wrongValue(column, "a customer id")
        }
        return id
    }

    private func value(_ column: Int) throws(Failure) -> Double {
        guard let value = Double(String(decoding: table.field(column), as: UTF8.self)), value.isFinite else {
            throw wrongValue(column, "a finite number")
        }
        return value
    }

    private func wrongValue(_ column: Int, _ expected: String) -> Failure {
        let shown = String(decoding: table.field(column).prefix(Self.shownBytes), as: UTF8.self)
        return Failure(
            .badData,
            "\(name): line \(table.line): \(table.columns[column]) is '\(shown)', not \(expected); correct it".oneLine
        )
    }

    private static func isCustomerID(_ name: String) -> Bool {
        name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" } == "customerid"
    }
}
