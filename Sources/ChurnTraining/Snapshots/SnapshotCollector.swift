package import ChurnFeatures

/// Makes snapshots of many cutoffs from one reading of the lines, customer by customer.
///
/// One customer's lines are kept at a time. They are put in the order of their minutes and added up once; at every cutoff
/// on the way the facts so far become a row. What stays is a record of some 120 bytes a customer and cutoff, and each
/// purchase day once; features are made from these when all lines are there, since one of them (`recency_24h`) needs the
/// last purchase of all customers.
package struct SnapshotCollector {
    private let cutoffMinutes: [Int64]
    private let windows: [Snapshot.Window]
    private let schema: FeatureSchema
    private var accumulator = FactsAccumulator(customer: 1)
    private var lines = CustomerLines()
    /// By cutoff.
    private var collected: [CollectedRows]
    private var days: [Int32] = []
    private var lastLineMinute = Int64.min
    private var hasProducts = false
    private var leftOut = LeftOutCustomers()

    package static let defaultHorizonDays = 90

    /// - Parameters:
    ///   - cutoffs: days since 1970-01-01; put in order, duplicates left out.
    ///   - horizonDays: 1 or more.
    ///   - sharedRecency: adds a snapshot of the whole history, labelled by `recency_24h` above this.
    /// - Throws: `invalidSetting`.
    package init(
        cutoffs: [Int64] = [],
        horizonDays: Int = defaultHorizonDays,
        sharedRecency: Int? = nil,
        schema: FeatureSchema = .current
    ) throws(TrainingError) {
        guard (1...3_650).contains(horizonDays) else {
            throw .invalidSetting(name: "the horizon", expected: "1 to 3650 days", found: "\(horizonDays)")
        }
        guard cutoffs.count <= TrainingLimits.cutoffs else {
            throw .invalidSetting(
                name: "the number of cutoffs",
                expected: "at most \(TrainingLimits.cutoffs)",
                found: "\(cutoffs.count)"
            )
        }
        guard cutoffs.allSatisfy({ (-1_000_000...1_000_000).contains($0) }) else {
            throw .invalidSetting(name: "a cutoff", expected: "a date", found: "a day beyond the calendar")
        }
        let ordered = Set(cutoffs).sorted()
        // The whole history comes last: no line lies after it.
        cutoffMinutes = ordered.map { $0 * CivilTime.minutesPerDay } + (sharedRecency == nil ? [] : [Int64.max])
        windows =
            ordered.map { _ in .after(horizonDays: horizonDays) }
            + (sharedRecency.map { [.shared(recencyAbove: $0)] } ?? [])
        collected = cutoffMinutes.map { _ in CollectedRows() }
        self.schema = schema
    }

    /// Adds a line. Customers come in ascending order, a customer's lines together in any order.
    ///
    /// - Throws: `linesNotGrouped`, `facts`.
    package mutating func add(_ line: TransactionLine) throws(TrainingError) {
        if line.customer != lines.customer {
            guard line.customer > lines.customer else { throw .linesNotGrouped(customer: line.customer) }
            try endCustomer()
            lines.begin(line.customer)
        }
        lines.add(line)
        lastLineMinute = max(lastLineMinute, line.minute)
    }

    private mutating func endCustomer() throws(TrainingError) {
        guard !lines.isEmpty else { return }
        // From every snapshot, as from a build of the whole history.
        guard !lines.overflow else {
            leftOut.add(lines.customer)
            return
        }
        if lines.hasProducts { hasProducts = true }
        lines.sort()
        accumulator.reset(customer: lines.customer)
        let firstDay = days.count
        var next = 0
        for (index, cutoff) in cutoffMinutes.enumerated() {
            while next < lines.count, lines.minute(next) < cutoff {
                do throws(FactsError) {
                    try lines.add(next, to: &accumulator)
                } catch {
                    throw .facts(error)
                }
                next += 1
            }
            guard let facts = accumulator.finish() else { continue }
            // Days only ever follow: those of an earlier cutoff are the first of the later one's.
            days.append(contentsOf: facts.days.dropFirst(days.count - firstDay))
            collected[index].append(
                facts,
                firstDay: firstDay,
                nextPurchaseMinute: lines.firstPurchase(from: next)
            )
        }
    }

    /// The snapshots, of the cutoffs in their order and then of the whole history.
    ///
    /// - Throws: `facts`; `windowBeyondData` when the data end before a label's window does; `noRows` when nobody had
    ///   bought anything before a cutoff.
    package consuming func finish() throws(TrainingError) -> SnapshotSet {
        try endCustomer()
        guard lastLineMinute > Int64.min else { throw .noRows(of: "data") }
        let dataUntil = BuildContext.midnight(after: lastLineMinute)
        var snapshots: [Snapshot] = []
        for index in cutoffMinutes.indices {
            if case .after(let horizonDays) = windows[index] {
                let neededUntil = cutoffMinutes[index] + Int64(horizonDays) * CivilTime.minutesPerDay
                guard neededUntil <= dataUntil else {
                    throw .windowBeyondData(
                        cutoff: Self.date(cutoffMinutes[index]),
                        neededUntil: Self.date(neededUntil),
                        dataUntil: Self.date(dataUntil)
                    )
                }
            }
            guard let lastPurchase = collected[index].lastPurchaseMinute else {
                throw .noRows(of: "cutoff \(Self.date(min(cutoffMinutes[index], dataUntil)))")
            }
            let context =
                cutoffMinutes[index] == .max
                ? BuildContext(afterLastPurchase: lastPurchase)
                : BuildContext(asOfMinute: cutoffMinutes[index], lastPurchaseMinute: lastPurchase)
            var snapshot = collected[index].snapshot(windows[index], context, days: days, schema)
            snapshot.hasProducts = hasProducts
            snapshots.append(snapshot)
            collected[index] = CollectedRows()
        }
        return SnapshotSet(snapshots, leftOut: leftOut)
    }

    private static func date(_ minute: Int64) -> String {
        CivilTime.format(day: CivilTime.split(minute: minute).day)
    }
}

/// The rows of one cutoff while lines still come.
private struct CollectedRows {
    /// Without their days.
    private var facts: [CustomerFacts] = []
    /// Where each customer's days are among those of all.
    private var dayRanges: [(first: Int, count: Int32)] = []
    /// The first purchase at or after the cutoff.
    private var nextPurchaseMinutes: [Int64?] = []

    mutating func append(_ facts: CustomerFacts, firstDay: Int, nextPurchaseMinute: Int64?) {
        dayRanges.append((firstDay, Int32(facts.days.count)))
        var record = facts
        record.days = []
        self.facts.append(record)
        nextPurchaseMinutes.append(nextPurchaseMinute)
    }

    var lastPurchaseMinute: Int64? { facts.lazy.map(\.lastMinute).max() }

    func snapshot(
        _ window: Snapshot.Window,
        _ context: BuildContext,
        days: [Int32],
        _ schema: FeatureSchema
    ) -> Snapshot {
        let width = schema.names.count
        let rowCount = facts.count
        var features = [Double](repeating: 0, count: width * rowCount)
        var row = [Double](repeating: 0, count: width)
        for (number, record) in facts.enumerated() {
            var whole = record
            let range = dayRanges[number]
            whole.days = Array(days[range.first..<(range.first + Int(range.count))])
            row.withUnsafeMutableBufferPointer { schema.write(whole, context, to: $0) }
            for column in 0..<width { features[column * rowCount + number] = row[column] }
        }
        return Snapshot(
            window: window,
            context: context,
            customers: facts.map(\.customer),
            labels: labels(window, context, features: features, schema),
            features: features,
            schema: schema
        )
    }

    private func labels(
        _ window: Snapshot.Window,
        _ context: BuildContext,
        features: [Double],
        _ schema: FeatureSchema
    ) -> [Bool] {
        switch window {
        case .after(let horizonDays):
            let end = context.asOfMinute + Int64(horizonDays) * CivilTime.minutesPerDay
            return nextPurchaseMinutes.map { next in next.map { $0 >= end } ?? true }
        case .shared(let days):
            guard let column = schema.index(of: "recency_24h") else { return [] }
            return features[(column * facts.count)..<((column + 1) * facts.count)].map { $0 > Double(days) }
        }
    }
}

/// One customer's lines, with their texts.
private struct CustomerLines {
    private struct Line {
        var minute: Int64
        var quantityMilli: Int64
        var amountMilli: Int64
        var textStart: Int
        var invoiceBytes: Int
        var stockCodeBytes: Int
    }

    private(set) var customer: Int64 = 0
    /// Units or money of all purchases, or of all cancellations, exceed 64 bits.
    private(set) var overflow = false
    /// Some purchase has a product.
    private(set) var hasProducts = false
    private var bought = Sums()
    private var cancelled = Sums()
    private var lines: [Line] = []
    private var texts: [UInt8] = []

    private struct Sums {
        var unitsMilli: Int64 = 0
        var amountMilli: Int64 = 0

        /// - Returns: whether the sums still fit.
        mutating func add(_ line: TransactionLine) -> Bool {
            let (units, unitsOverflow) = unitsMilli.addingReportingOverflow(line.quantityMilli)
            let (amount, amountOverflows) = amountMilli.addingReportingOverflow(line.amountMilli)
            (unitsMilli, amountMilli) = (units, amount)
            return !unitsOverflow && !amountOverflows
        }
    }

    var isEmpty: Bool { lines.isEmpty }
    var count: Int { lines.count }

    mutating func begin(_ customer: Int64) {
        self.customer = customer
        (overflow, hasProducts, bought, cancelled) = (false, false, Sums(), Sums())
        lines.removeAll(keepingCapacity: true)
        texts.removeAll(keepingCapacity: true)
    }

    mutating func add(_ line: TransactionLine) {
        if !(line.isCancellation ? cancelled.add(line) : bought.add(line)) { overflow = true }
        if !line.isCancellation, !line.stockCode.isEmpty { hasProducts = true }
        lines.append(
            Line(
                minute: line.minute,
                quantityMilli: line.quantityMilli,
                amountMilli: line.amountMilli,
                textStart: texts.count,
                invoiceBytes: line.invoice.count,
                stockCodeBytes: line.stockCode.count
            )
        )
        texts.append(contentsOf: line.invoice)
        texts.append(contentsOf: line.stockCode)
    }

    /// By minute. The order within a minute does not matter: facts do not depend on the order of lines.
    mutating func sort() {
        lines.sort { $0.minute < $1.minute }
    }

    func minute(_ index: Int) -> Int64 { lines[index].minute }

    func add(_ index: Int, to accumulator: inout FactsAccumulator) throws(FactsError) {
        let line = lines[index]
        let none = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
        let result = texts.withUnsafeBufferPointer { texts -> Result<Void, FactsError> in
            let stockCodeStart = line.textStart + line.invoiceBytes
            let view = TransactionLine(
                invoice: UnsafeBufferPointer(rebasing: texts[line.textStart..<stockCodeStart]),
                stockCode: UnsafeBufferPointer(
                    rebasing: texts[stockCodeStart..<(stockCodeStart + line.stockCodeBytes)]
                ),
                description: none,
                country: none,
                customer: customer,
                minute: line.minute,
                quantityMilli: line.quantityMilli,
                amountMilli: line.amountMilli,
                copy: 0
            )
            return Result { () throws(FactsError) in try accumulator.add(view) }
        }
        try result.get()
    }

    /// The minute of the first purchase among the lines from `index` on; nil when there is none.
    func firstPurchase(from index: Int) -> Int64? {
        lines[index...].first { $0.quantityMilli >= 0 }?.minute
    }
}

/// Snapshots by date.
package struct SnapshotSet: Equatable, Sendable {
    /// Of the cutoffs, in their order.
    package let cutoffs: [Snapshot]
    /// Of the whole history, where features and label share their lines.
    package let shared: Snapshot?
    /// Customers that no snapshot has, because their sums do not fit 64 bits.
    package let leftOut: LeftOutCustomers

    init(_ snapshots: [Snapshot], leftOut: LeftOutCustomers) {
        self.leftOut = leftOut
        cutoffs = snapshots.filter { if case .after = $0.window { true } else { false } }
        shared = snapshots.first { if case .shared = $0.window { true } else { false } }
    }

    /// False when no purchase of the whole history has a product.
    package var hasProducts: Bool { (cutoffs.first ?? shared)?.hasProducts ?? true }

    /// - Throws: `missingSnapshot`.
    package func cutoff(day: Int64) throws(TrainingError) -> Snapshot {
        guard let snapshot = cutoffs.first(where: { $0.day == day }) else {
            throw .missingSnapshot(cutoff: CivilTime.format(day: day))
        }
        return snapshot
    }
}
