/// One invoice to be written.
struct SyntheticVisit {
    enum Kind: Int {
        case purchase
        case cancellation
        /// A purchase by nobody we know; `customer` and `number` are those of the purchase it was made beside.
        case anonymous
    }

    var minuteOfDay: Int
    /// 0 ..< customers.
    var customer: Int
    /// Of the customer's purchases, from 0.
    var number: Int
    var kind: Kind

    /// A total order, so that the file does not depend on how the day's visits were collected.
    static func isBefore(_ left: SyntheticVisit, _ right: SyntheticVisit) -> Bool {
        (left.minuteOfDay, left.customer, left.number, left.kind.rawValue)
            < (right.minuteOfDay, right.customer, right.number, right.kind.rawValue)
    }
}
