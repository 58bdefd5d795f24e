internal import ChurnFeatures

/// The records of a build, added up, and whose are not those of their lines.
struct FactsSurvey {
    private let histories: [Int64: CustomerHistory]
    private(set) var outdated: [Int64] = []
    private(set) var isDamaged = false
    private(set) var digest = FactsDigest(inAnyOrder: true)
    private(set) var purchaseLines: Int64 = 0
    private(set) var linesWithoutProduct: Int64 = 0
    private(set) var purchaseInvoices: Int64 = 0
    private(set) var revenueMilli: Int64 = 0
    private(set) var lastPurchaseMinute: Int64?
    /// Customers whose sums do not fit: there are records of them, which are not to stay.
    private(set) var overflowing: [Int64] = []
    /// Customers with a purchase whose record was not read yet.
    private var missing: Set<Int64>

    init(_ histories: [Int64: CustomerHistory]) {
        self.histories = histories
        missing = Set(histories.lazy.filter { $0.value.purchases > 0 }.map(\.key))
    }

    /// - Parameters:
    ///   - document: the one that `facts` were read of.
    ///   - overflows: the sums of `facts` do not fit 64 bits, all else is sound.
    mutating func add(_ facts: CustomerFacts, _ document: borrowing FactsDocument, overflows: Bool) {
        missing.remove(facts.customer)
        // A record of before products were told from empty stock codes may count one too many.
        let isSame = histories[facts.customer] == CustomerHistory(facts, document)
        if !isSame || document.linesWithoutProduct == nil { outdated.append(facts.customer) }
        lastPurchaseMinute = max(lastPurchaseMinute ?? facts.lastMinute, facts.lastMinute)
        guard !overflows else {
            overflowing.append(facts.customer)
            return
        }
        linesWithoutProduct += document.linesWithoutProduct ?? 0
        let (revenue, overflowsRevenue) = revenueMilli.addingReportingOverflow(facts.amountMilli)
        revenueMilli = overflowsRevenue ? .max : revenue
        purchaseLines += facts.purchaseLines
        purchaseInvoices += facts.purchaseInvoices
        digest.add(facts)
    }

    /// Of a customer whose record cannot be.
    mutating func addDamaged(_ customer: Int64) {
        missing.remove(customer)
        outdated.append(customer)
        isDamaged = true
    }

    mutating func finish() {
        outdated.append(contentsOf: missing)
        missing = []
    }
}
