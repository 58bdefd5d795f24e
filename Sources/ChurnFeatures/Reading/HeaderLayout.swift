/// Which column holds what, read from a header line. Names are compared without case, blanks, `_` and `-`; the order does
/// not matter and other columns are ignored.
struct HeaderLayout {
    /// Column indices from 0; -1 where the file has no such column.
    var invoice = -1
    var stockCode = -1
    var description = -1
    var quantity = -1
    var date = -1
    var price = -1
    var customer = -1
    var country = -1
    /// Columns of the file, ignored ones included.
    var columnCount = 0

    private enum Role: String, CaseIterable {
        case invoice = "InvoiceNo"
        case stockCode = "StockCode"
        case description = "Description"
        case quantity = "Quantity"
        case date = "InvoiceDate"
        case price = "UnitPrice"
        case customer = "CustomerID"
        case country = "Country"

        /// As compared: lower case, letters and digits only.
        var names: [String] {
            switch self {
            case .invoice: ["invoiceno", "invoice"]
            case .price: ["unitprice", "price"]
            default: [rawValue.lowercased()]
            }
        }

        var isNeeded: Bool { self != .description && self != .country }
    }

    /// - Parameter names: the header's fields, at most `ReadingLimits.columns`.
    init(names: [String], path: String) throws(ReadingError) {
        columnCount = names.count
        var found: [Role: Int] = [:]
        for (index, name) in names.enumerated() {
            let compared = String(name.lowercased().filter { !$0.isWhitespace && $0 != "_" && $0 != "-" })
            guard let role = Role.allCases.first(where: { $0.names.contains(compared) }) else { continue }
            if let earlier = found[role] {
                throw .duplicateColumn(path: path, column: role.rawValue, names: [names[earlier], name])
            }
            found[role] = index
        }
        let missing = Role.allCases.filter { $0.isNeeded && found[$0] == nil }
        guard missing.isEmpty else {
            throw .missingColumns(path: path, missing: missing.map(\.rawValue), found: names)
        }
        invoice = found[.invoice] ?? -1
        stockCode = found[.stockCode] ?? -1
        description = found[.description] ?? -1
        quantity = found[.quantity] ?? -1
        date = found[.date] ?? -1
        price = found[.price] ?? -1
        customer = found[.customer] ?? -1
        country = found[.country] ?? -1
    }
}
