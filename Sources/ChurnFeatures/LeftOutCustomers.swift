/// Customers that a build does without, since the sums of their lines exceed 64 bits: one absurd customer must not cost a
/// shop the features of all others.
package struct LeftOutCustomers: Equatable, Sendable {
    package private(set) var count: Int64 = 0
    /// The smallest ids, ascending, whatever the order in which they came.
    package private(set) var shown: [Int64] = []

    package static let shownLimit = 5

    package init() {}

    package var isEmpty: Bool { count == 0 }

    package mutating func add(_ customer: Int64) {
        count += 1
        shown.insert(customer, at: shown.firstIndex { $0 > customer } ?? shown.count)
        if shown.count > Self.shownLimit { shown.removeLast() }
    }

    /// For where there is no customer but these.
    ///
    /// - Throws: `overflow` when there is one.
    package func requireOthers() throws(FactsError) {
        if let customer = shown.first { throw .overflow(customer: customer) }
    }
}
