internal import ChurnFeatures

/// What tells the lines of a customer before a moment from any other set of lines of that customer: how many there are,
/// and the sum of their marks.
///
/// Where lines were only added the numbers alone would do. Where some were removed and as many others came the marks tell,
/// but for one case in 2^32.
struct CustomerHistory: Equatable {
    var purchases: Int64 = 0
    var cancellations: Int64 = 0
    /// Nil where marks are missing, or are not ours.
    var mark: Int64? = 0

    /// Of the lines that a record was made of.
    init(_ facts: CustomerFacts, _ document: borrowing FactsDocument) {
        purchases = facts.purchaseLines
        cancellations = facts.cancelLines
        mark = nil
        if let purchaseMark = document.purchaseMark, let cancelMark = document.cancelMark {
            mark = purchaseMark &+ cancelMark
        }
    }

    /// Of the lines that are there: a result of `FactsPipelines.histories`.
    init?(_ group: [String: Int64]) {
        guard let lines = group["lines"], let purchases = group["purchases"] else { return nil }
        self.purchases = purchases
        cancellations = lines - purchases
        mark = group["mark"]
    }
}
