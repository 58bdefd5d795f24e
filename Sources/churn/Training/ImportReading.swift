internal import ChurnFeatures
internal import ChurnTraining

/// Reads columns of one's own from a CSV file: CustomerID, for a forecast Cutoff, then numbers.
enum ImportReading {
    /// - Parameter isDated: whether the protocol has cutoffs.
    /// - Throws: 65 naming the line; what reading throws.
    static func table(path: String, isDated: Bool) throws -> ImportedTable {
        var file = try CSVTable(path: path)
        let keys = isDated ? 2 : 1
        let header = file.columns
        let hasCutoff = header.count > 1 && header[1].lowercased() == "cutoff"
        guard header.count > keys, CSVTable.isCustomerID(header[0]), hasCutoff == isDated else {
            throw Failure(
                .badData,
                ("\(path): has the columns \(header.joined(separator: ", ")); "
                    + (isDated
                        ? "a forecast takes CustomerID, Cutoff (yyyy-mm-dd) and then numbers that were known by that day"
                        : "this protocol has no cutoffs and takes CustomerID and then numbers"))
                    .oneLine
            )
        }
        var table = try ImportedTable(names: Array(header[keys...]), isDated: isDated)
        while try file.next() {
            let customer = try file.customerID(0, of: path)
            let day = isDated ? try file.day(1, of: path) : 0
            var row: [Double] = []
            for column in keys..<header.count { row.append(try file.number(column, of: path)) }
            guard table.add(customer: customer, day: day, row) else {
                throw Failure(
                    .badData,
                    "\(path): line \(file.line): customer \(customer) has a row already; keep one".oneLine
                )
            }
        }
        return table
    }
}
