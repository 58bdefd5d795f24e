/// Customers that a build does without, since the sums of their lines exceed 64 bits: one absurd customer must not cost a
/// shop the features of all others.
package struct LeftOutCustomers: Equatable, Sendable {
    package private(set) var count: Int64 = 0
    /// The smallest ids, ascending, whatever the order in which they came.
    package private(set) var shown: [Int64] = []
    /// What these customers are called: their texts as a message may repeat them, where they have some that is known.
    package private(set) var names: [String] = []

    package static let shownLimit = 5

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// - Parameter text: of a customer that is a text; empty where it is not known.
    package mutating func add(_ customer: Int64, text: [UInt8] = []) {
        count += 1
        let index = shown.firstIndex { $0 > customer } ?? shown.count
        if index == Self.shownLimit { return }
        shown.insert(customer, at: index)
        names.insert(text.isEmpty ? String(customer) : text.withUnsafeBufferPointer { messageText($0) }, at: index)
        if shown.count > Self.shownLimit {
            shown.removeLast()
            names.removeLast()
        }
    }

    /// For where there is no customer but these.
    ///
    /// - Throws: `overflow` when there is one.
    package func requireOthers() throws(FactsError) {
        guard let customer = shown.first, let name = names.first else { return }
        throw .overflow(customer: customer, text: name == String(customer) ? "" : name)
    }
}
