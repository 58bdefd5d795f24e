/// The sums over all customers of one build.
package struct FactsTotals: Equatable, Sendable {
    /// Customers with a purchase.
    package private(set) var customers: Int64 = 0
    package private(set) var purchaseLines: Int64 = 0
    /// Of these, the ones with an empty stock code.
    package private(set) var linesWithoutProduct: Int64 = 0
    package private(set) var cancelLines: Int64 = 0
    /// Distinct purchase invoices, counted customer by customer.
    package private(set) var purchaseInvoices: Int64 = 0
    /// In thousandths of the currency; the largest integer when it is more.
    package private(set) var revenueMilli: Int64 = 0
    /// Customers left out because their history has cancellations only.
    package private(set) var cancelOnlyCustomers: Int64 = 0
    /// Customers left out because their sums do not fit 64 bits. Their lines are counted nowhere else.
    package private(set) var leftOut = LeftOutCustomers()
    /// Customers left out because another text has their number. Their lines are counted nowhere else.
    package internal(set) var collided = CollidedCustomers()
    /// Of all customers, also those left out; nil before the first purchase.
    package private(set) var lastPurchaseMinute: Int64?
    private var factsHash = FactsHash()

    package init() {}

    /// False when no customer has a product: then `ProductFeatures` cannot be told.
    package var hasProducts: Bool { linesWithoutProduct < purchaseLines }

    /// `FactsHash` of the customers.
    package var hash: UInt64 { factsHash.value }

    /// Adds the next customer. The caller adds them in ascending order of their ids.
    ///
    /// - Returns: the customer's facts; nil when there is no purchase, and when the customer is left out.
    package mutating func add(_ accumulator: FactsAccumulator) -> CustomerFacts? {
        if let minute = accumulator.lastPurchaseMinute {
            lastPurchaseMinute = max(lastPurchaseMinute ?? minute, minute)
        }
        guard !accumulator.overflows else {
            leftOut.add(accumulator.customer, text: accumulator.text)
            return nil
        }
        guard let facts = accumulator.finish() else {
            if accumulator.lineCount > 0 { cancelOnlyCustomers += 1 }
            cancelLines += accumulator.lineCount
            return nil
        }
        let (revenue, overflows) = revenueMilli.addingReportingOverflow(facts.amountMilli)
        revenueMilli = overflows ? .max : revenue
        factsHash.add(facts)
        customers += 1
        purchaseLines += facts.purchaseLines
        linesWithoutProduct += accumulator.linesWithoutProduct
        cancelLines += facts.cancelLines
        purchaseInvoices += facts.purchaseInvoices
        return facts
    }
}

extension FactsTotals {
    /// - Throws: `overflow` when there are customers, and each is left out.
    package func requireCustomers() throws(FactsError) {
        if customers == 0 { try leftOut.requireOthers() }
    }

    package static func == (left: FactsTotals, right: FactsTotals) -> Bool {
        left.hash == right.hash && left.customers == right.customers && left.purchaseLines == right.purchaseLines
            && left.cancelLines == right.cancelLines && left.purchaseInvoices == right.purchaseInvoices
            && left.linesWithoutProduct == right.linesWithoutProduct && left.revenueMilli == right.revenueMilli
            && left.cancelOnlyCustomers == right.cancelOnlyCustomers
            && left.leftOut == right.leftOut && left.collided == right.collided
            && left.lastPurchaseMinute == right.lastPurchaseMinute
    }
}
