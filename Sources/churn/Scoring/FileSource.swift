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

    /// - Parameters:
    ///   - name: of the file, for messages.
    ///   - features: what the model reads.
    /// - Throws: 65 when the columns fit neither form, naming what is missing, what is there and what the model reads.
    init(_ table: consuming CSVTable, name: String, features: [String], batchRows: Int) throws(Failure) {
        let columns = table.columns
        self.table = table
        self.name = name
        self.batchRows = batchRows
        idColumn = columns.firstIndex(where: CSVTable.isCustomerID)
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
            labels.append(try idColumn.map { column throws(Failure) in try table.customerID(column, of: name) } ?? row)
            for (index, feature) in features.enumerated() {
                columns[index].values.append(try table.number(feature.column, of: name))
            }
        }
        if labels.isEmpty {
            guard row == 0 else { return nil }
            throw Failure(.badData, "\(name): has a header and no rows; there is nothing to score")
        }
        return ScoreBatch(labels: labels, rows: features.isEmpty ? .ids(labels) : .columns(columns))
    }
}
