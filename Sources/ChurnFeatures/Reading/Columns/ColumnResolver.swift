/// Finds out which column is what: by `--columns` first, by the names of common exports for the rest.
struct ColumnResolver {
    private let header: [String]
    private let compared: [String]
    private let mapping: ColumnMapping
    private let path: String
    private var indices = ColumnIndices()

    /// - Parameter header: at most `ReadingLimits.columns` names.
    static func resolve(
        _ header: [String],
        _ mapping: ColumnMapping,
        path: String
    ) throws(ReadingError) -> ColumnIndices {
        var resolver = ColumnResolver(header: header, mapping: mapping, path: path)
        try resolver.takeMapping()
        try resolver.takeKnownNames()
        try resolver.settleMoney()
        resolver.settleCurrency()
        try resolver.checkNeeded()
        return resolver.indices
    }

    private init(header: [String], mapping: ColumnMapping, path: String) {
        self.header = header
        compared = header.map(ColumnNames.compared)
        self.mapping = mapping
        self.path = path
        indices.columnCount = header.count
    }

    private mutating func takeMapping() throws(ReadingError) {
        for role in ColumnRole.allCases {
            guard let name = mapping[role] else { continue }
            let exact = header.indices.filter { header[$0] == name }
            let wanted = ColumnNames.compared(name)
            let found = exact.isEmpty ? header.indices.filter { compared[$0] == wanted } : exact
            guard let index = found.first else {
                throw .layout(.unknownColumn(path: path, role: role, name: name, found: header))
            }
            guard found.count == 1 else { throw .layout(.repeatedColumn(path: path, role: role, name: name)) }
            indices[role] = index
        }
    }

    private mutating func takeKnownNames() throws(ReadingError) {
        for role in ColumnRole.allCases where indices[role] < 0 {
            if role == .price, mapping[.amount] != nil { continue }
            if role == .amount, mapping[.price] != nil { continue }
            indices[role] = try known(role)
        }
        if indices.invoice < 0 { indices.invoice = exportInvoice }
        if indices.status < 0 {
            indices.status = compared.indices.first { compared[$0].contains("status") && !isTaken($0) } ?? -1
        }
    }

    private func known(_ role: ColumnRole) throws(ReadingError) -> Int {
        for entry in ColumnNames.entries(for: role) {
            let found = compared.indices.filter { entry.contains(compared[$0]) && !isTaken($0) }
            if found.count > 1 {
                throw .duplicateColumn(path: path, column: role.rawValue, names: found.map { header[$0] })
            }
            if let index = found.first { return index }
        }
        return -1
    }

    private func isTaken(_ index: Int) -> Bool { ColumnRole.allCases.contains { indices[$0] == index } }

    private func has(_ name: String) -> Bool { compared.contains(name) }

    /// Names that mean an order in one export and something else in others.
    private var exportInvoice: Int {
        // Shopify calls the number of an order "Name", Stripe calls that of a payment "id".
        if has("lineitemquantity") || has("lineitemname") { return compared.firstIndex(of: "name") ?? -1 }
        if has("created(utc)") || has("createddate(utc)") { return compared.firstIndex(of: "id") ?? -1 }
        return -1
    }

    /// Leaves the price or the amount, not both, and refuses totals of orders on the lines of products.
    private mutating func settleMoney() throws(ReadingError) {
        if mapping[.amount] != nil { return }
        // Olist has a row for each piece and no quantity: the price of the piece is the total of the row.
        let isPieceByPiece = has("orderitemid") || has("orderpurchasetimestamp")
        if indices.quantity < 0, indices.price >= 0, mapping[.price] == nil, isPieceByPiece {
            indices.amount = indices.price
            indices.price = -1
        } else if indices.quantity >= 0, indices.price >= 0 {
            indices.amount = -1
        } else if indices.amount >= 0, mapping[.price] == nil {
            indices.price = -1
        }
        guard indices.amount >= 0, ColumnNames.orderTotals.contains(compared[indices.amount]) else { return }
        if indices.product >= 0 || indices.quantity >= 0 {
            throw .layout(.orderTotal(path: path, name: header[indices.amount]))
        }
    }

    /// An order's currency says nothing of amounts that were converted to the shop's.
    private mutating func settleCurrency() {
        let money = indices.amount >= 0 ? indices.amount : indices.price
        guard mapping[.currency] == nil, money >= 0 else { return }
        if ColumnNames.ownCurrencyPrefixes.contains(where: compared[money].hasPrefix) { indices.currency = -1 }
    }

    private func checkNeeded() throws(ReadingError) {
        var missing: [ColumnRole] = []
        if indices.customer < 0 { missing.append(.customer) }
        if indices.date < 0 { missing.append(.date) }
        if indices.amount < 0 {
            if indices.price < 0, indices.quantity < 0 {
                missing.append(.amount)
            } else if indices.price < 0 {
                missing.append(.price)
            } else if indices.quantity < 0 {
                missing.append(.quantity)
            }
        }
        guard missing.isEmpty else {
            throw .missingColumns(path: path, missing: missing.map(\.rawValue), found: header)
        }
    }
}
