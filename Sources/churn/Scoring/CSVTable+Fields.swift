internal import ChurnFeatures

/// Typed fields of the current record; a wrong one is named with its file, line and column.
extension CSVTable {
    /// Bytes of a wrong value that a message shows.
    private static var shownBytes: Int { 60 }

    /// `CustomerID`, `customer_id`, `Customer ID`.
    static func isCustomerID(_ name: String) -> Bool {
        name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" } == "customerid"
    }

    /// `17850`, or `17850.0` as spreadsheets write it.
    ///
    /// - Throws: 65.
    func customerID(_ column: Int, of file: String) throws(Failure) -> Int64 {
        let text = text(column)
        guard let id = Int64(text) ?? (text.hasSuffix(".0") ? Int64(text.dropLast(2)) : nil) else {
            throw wrongValue(column, of: file, "a customer id")
        }
        return id
    }

    /// - Throws: 65.
    func number(_ column: Int, of file: String) throws(Failure) -> Double {
        guard let value = Double(text(column)), value.isFinite else {
            throw wrongValue(column, of: file, "a finite number")
        }
        return value
    }

    /// Days since 1970-01-01.
    ///
    /// - Throws: 65.
    func day(_ column: Int, of file: String) throws(Failure) -> Int64 {
        guard let day = CivilTime.parseDay(text(column)) else {
            throw wrongValue(column, of: file, "a day, yyyy-mm-dd")
        }
        return day
    }

    private func text(_ column: Int) -> String { String(decoding: field(column), as: UTF8.self) }

    private func wrongValue(_ column: Int, of file: String, _ expected: String) -> Failure {
        let shown = String(decoding: field(column).prefix(Self.shownBytes), as: UTF8.self)
        return Failure(
            .badData,
            "\(file): line \(line): \(columns[column]) is '\(shown)', not \(expected); correct it".oneLine
        )
    }
}
