/// Makes the facts of every customer straight from transaction lines in any order, without a store.
///
/// The same lines give the same facts as ingesting them into a store and building there: lines with an equal key count
/// once. Memory stays bounded (`GroupingLimits`): what does not fit is sorted by customer and written to a temporary file
/// without a name, which no end of the process leaves behind, and merged.
package struct FactsBuilder: ~Copyable {
    private var log: BasketLog
    private var spill: BasketSpill?
    private let settings: GroupingSettings
    /// The history ends here; nil: after the last purchase.
    private let asOfMinute: Int64?
    private var lastPurchaseMinute: Int64?
    private var hasPurchases = false
    /// Some purchase of the history has a product.
    private var sawProduct = false
    /// Units and money of all lines, without their signs: no customer has more.
    private var unitsMilli = 0.0
    private var amountMilli = 0.0
    /// Bytes of the input so far, as stored, and of all of it, when known: tells how much disk the rest will take.
    private var readBytes: Int64 = 0
    private var finishedBytes: Int64 = 0
    private let totalBytes: Int64?

    /// - Parameters:
    ///   - asOfDay: the history is every line before 00:00 of this day (days since 1970-01-01); nil is the day after the
    ///     last purchase.
    ///   - totalBytes: of all files to come, as stored; nil when unknown.
    package init(asOfDay: Int64?, totalBytes: Int64? = nil, settings: GroupingSettings = .defaults) {
        log = BasketLog(byteCount: settings.memoryBytes)
        spill = nil
        self.settings = settings
        self.totalBytes = totalBytes
        // Clamped to the days that facts can have, so that the product cannot overflow.
        asOfMinute = asOfDay.map { Int64(Int32(clamping: $0)) * CivilTime.minutesPerDay }
    }

    /// Bytes of the temporary file so far.
    package private(set) var spilledBytes: Int64 = 0

    /// Reads and adds the next lines of a file.
    ///
    /// - Parameter body: is called with each of them as well.
    /// - Returns: whether the file has more.
    /// - Throws: `ReadingError`, `GroupingError`.
    package mutating func add(
        _ reader: inout TransactionReader,
        maxLines: Int,
        _ body: (TransactionLine) -> Void = { _ in }
    ) throws -> Bool {
        // Equal lines of two files are not numbered apart, so they must not lie in one basket.
        log.endBasket()
        let hasMore = try reader.readBatch(maxLines: maxLines) { line in
            try add(line)
            body(line)
        }
        let report = reader.report
        readBytes = finishedBytes + report.counts.storedBytes
        if !hasMore { finishedBytes = readBytes }
        return hasMore
    }

    private mutating func add(_ line: TransactionLine) throws(GroupingError) {
        let isPurchase = !line.isCancellation
        if isPurchase { hasPurchases = true }
        if let asOfMinute, line.minute >= asOfMinute {
            // Of texts with the same number, the first keeps it, also when its lines are after the history.
            if line.customer < 0 { try keep(line) }
            return
        }
        if isPurchase {
            lastPurchaseMinute = max(lastPurchaseMinute ?? line.minute, line.minute)
            if !line.stockCode.isEmpty { sawProduct = true }
        }
        unitsMilli += abs(Double(line.quantityMilli))
        amountMilli += Double(line.amountMilli)
        try keep(line)
    }

    private mutating func keep(_ line: TransactionLine) throws(GroupingError) {
        if log.add(line) { return }
        try spillLog(isLast: false)
        guard log.add(line) else { preconditionFailure("a line that does not fit an empty log") }
    }

    private mutating func spillLog(isLast: Bool) throws(GroupingError) {
        let used = Int64(log.usedBytes)
        if spill == nil {
            spill = try BasketSpill(directory: settings.temporaryDirectory, limitBytes: settings.temporaryBytes)
            // Before anything is written: what is still to come takes as much as what came, by what was read.
            if !isLast, let totalBytes, readBytes > 0 {
                try spill?.reserve(max(used, Int64(Double(used) * Double(totalBytes) / Double(readBytes))))
            }
        }
        try spill?.reserve(used)
        try spill?.write(&log)
        spilledBytes += used
    }

    /// What the features are as of.
    ///
    /// - Throws: `noPurchases`, `emptyHistory`.
    package func context() throws(GroupingError) -> BuildContext {
        guard let lastPurchaseMinute else {
            if let asOfMinute, hasPurchases { throw .emptyHistory(asOfMinute: asOfMinute) }
            throw .noPurchases
        }
        guard let asOfMinute else { return BuildContext(afterLastPurchase: lastPurchaseMinute) }
        return BuildContext(asOfMinute: asOfMinute, lastPurchaseMinute: lastPurchaseMinute)
    }

    /// False when no customer that the build has has a product: then `ProductFeatures` cannot be told. To be called after
    /// the last line.
    ///
    /// - Throws: as `forEachCustomer`.
    package mutating func hasProducts() throws -> Bool {
        guard sawProduct else { return false }
        // Nearly always: where all lines together are far below 64 bits, nobody is left out.
        if max(unitsMilli, amountMilli) < Double(Int64.max / 2) { return true }
        return try reduced { _, _ in }.hasProducts
    }

    /// Calls `body` with each customer that has a purchase, ascending. To be called once, after the last line.
    ///
    /// - Parameter body: gets the customer's text as well, which is empty of a number and valid only inside the call.
    /// - Throws: `GroupingError`, or what `body` throws.
    package consuming func forEachCustomer(
        _ body: (CustomerFacts, UnsafeBufferPointer<UInt8>) throws -> Void
    ) throws -> FactsTotals {
        let totals = try reduced(body)
        do throws(FactsError) {
            try totals.requireCustomers()
        } catch {
            throw GroupingError.facts(error)
        }
        return totals
    }

    private mutating func reduced(
        _ body: (CustomerFacts, UnsafeBufferPointer<UInt8>) throws -> Void
    ) throws -> FactsTotals {
        var reducer = BasketReducer(asOfMinute: try context().asOfMinute)
        if spill == nil {
            try log.forEachSorted { basket in try reducer.add(basket, body) }
        } else {
            if !log.isEmpty { try spillLog(isLast: true) }
            try spill?.forEachMerged { basket in try reducer.add(basket, body) }
        }
        try reducer.finish(body)
        return reducer.totals
    }
}
