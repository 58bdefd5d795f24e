/// Which column holds what: indices from 0, -1 where the file has no such column.
struct ColumnIndices: Equatable, Sendable {
    var customer = -1
    var date = -1
    var time = -1
    var invoice = -1
    var product = -1
    var quantity = -1
    var price = -1
    var amount = -1
    var country = -1
    var status = -1
    var description = -1
    var currency = -1
    /// Columns of the file, ignored ones included.
    var columnCount = 0

    subscript(role: ColumnRole) -> Int {
        get { self[keyPath: Self.path(of: role)] }
        set { self[keyPath: Self.path(of: role)] = newValue }
    }

    private static func path(of role: ColumnRole) -> WritableKeyPath<ColumnIndices, Int> {
        switch role {
        case .customer: \.customer
        case .date: \.date
        case .time: \.time
        case .invoice: \.invoice
        case .product: \.product
        case .quantity: \.quantity
        case .price: \.price
        case .amount: \.amount
        case .country: \.country
        case .status: \.status
        case .description: \.description
        case .currency: \.currency
        }
    }
}
