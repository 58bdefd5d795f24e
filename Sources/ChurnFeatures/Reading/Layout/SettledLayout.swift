/// How one file is read, everything decided: what `TransactionReader` takes.
package struct SettledLayout: Equatable, Sendable {
    /// As it stands in messages.
    package let name: String
    /// What a person has said, and what the evidence of all files of the command adds: the same for each of them, but for the
    /// separator. Its `text` reads further files of this kind without evidence.
    package let layout: ReadingLayout
    /// Names of the columns as they stand in the file.
    package let header: [String]
    /// Columns that are read as nothing, in the order of the file.
    package let ignoredColumns: [String]
    /// One sentence each on what was told from the file, for people: the separator, the decimal sign, the order of dates.
    package let remarks: [String]

    let separator: FieldSeparator
    let columns: ColumnIndices
    /// Nil when no line has a date.
    let dates: DateLayout?
    let numbers: NumberLayout
    /// Empty fields that each record has behind the last column.
    let trailingFields: Int
    /// The file begins with a line `sep=`.
    let hasSeparatorLine: Bool

    /// False: what depends on products cannot be told (`ProductFeatures.names`), and stock codes are empty.
    package var hasProducts: Bool { columns.product >= 0 }
    /// False: an order is a customer and a moment.
    package var hasInvoices: Bool { columns.invoice >= 0 }
    /// The column that is read as which role.
    package var roles: [(role: ColumnRole, column: String)] {
        ColumnRole.allCases.compactMap { role in
            let index = columns[role]
            return index < 0 ? nil : (role, header[index])
        }
    }
}

/// Features that need a column with the product.
package enum ProductFeatures {
    package static let names = ["distinct_products", "last_day_products"]
}
