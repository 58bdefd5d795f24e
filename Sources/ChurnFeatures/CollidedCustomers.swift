/// Customers that are texts and have the number of another text, whose lines came first: their lines are left out, as
/// nothing that is looked up by the number may be another's.
package struct CollidedCustomers: Equatable, Sendable {
    /// One of them.
    package struct Shown: Equatable, Sendable {
        /// As a message may repeat it.
        package var text: String
        package var lines: Int64
    }

    package private(set) var count: Int64 = 0
    package private(set) var purchases: Int64 = 0
    package private(set) var cancellations: Int64 = 0
    /// The first that were found.
    package private(set) var shown: [Shown] = []

    package static let shownLimit = 5

    package init() {}

    package var isEmpty: Bool { count == 0 }
    package var lines: Int64 { purchases + cancellations }

    /// Adds one, with its lines.
    package mutating func add(_ text: [UInt8], purchases: Int64, cancellations: Int64) {
        count += 1
        self.purchases += purchases
        self.cancellations += cancellations
        guard shown.count < Self.shownLimit else { return }
        let text = text.withUnsafeBufferPointer { messageText($0) }
        shown.append(Shown(text: text, lines: purchases + cancellations))
    }

    /// For people, one line; nil where there is none.
    package var warning: String? {
        if isEmpty { return nil }
        let more = count - Int64(shown.count)
        let names =
            shown.map { "\($0.text) (\($0.lines))" }.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
        return
            "\(lines) \(lines == 1 ? "line" : "lines") of \(count) \(count == 1 ? "customer" : "customers") left out "
            + "(customer_collision), since the numbers made of these texts are those of customers with earlier lines: "
            + "\(names); give these customers other ids"
    }
}
