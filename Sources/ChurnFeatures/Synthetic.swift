/// Why a synthetic data set cannot be made or written.
package enum SyntheticError: Error, Equatable, CustomStringConvertible {
    case customersOutOfRange(Int)
    case daysOutOfRange(Int)
    case startOutOfRange(day: Int64)
    /// `reason` is the system's text.
    case unwritable(path: String, reason: String)

    package var description: String {
        switch self {
        case .customersOutOfRange(let count):
            "\(count) customers: choose 1 to \(SyntheticTransactions.customerLimit)"
        case .daysOutOfRange(let count):
            "\(count) days: choose 1 to \(SyntheticTransactions.dayLimit)"
        case .startOutOfRange(let day):
            "start on day \(day) since 1970-01-01: choose a day from 1970-01-01 to 2900-01-01"
        case .unwritable(let path, let reason):
            "\(path): cannot be written (\(reason)); check the path, its permissions and the disk"
        }
    }
}

/// Invented transactions of a shop, in the layout of the real file: for trying things out without the data, and for
/// sizes the real data does not have. Nothing about a model's quality can be concluded from them.
///
/// **Process.** Customers buy as in the BG/NBD model: each has a rate of purchase from a gamma distribution, the times
/// between purchases are exponential at that rate (together: negative-binomial counts), and after each purchase the
/// customer leaves for good with a probability of their own from a beta distribution. Time runs fast on busy weekdays and
/// in the months before Christmas and stands still on Saturdays. Three in ten customers were there before the first
/// day, the others come in evenly. An invoice has a log-normal number of lines, a line a log-normal quantity that
/// scales with the customer, a price from a log-normal catalogue, and now and then a second, equal line. One invoice in
/// six is partly cancelled some days later, under a number with a `C`. For every six or so invoices there is one more
/// without a customer. The constants are set by eye to resemble the "Online Retail" data.
///
/// Ehrenberg 1959, "The pattern of consumer purchases", doi 10.2307/2985810; Fader, Hardie, Lee 2005, "Counting your
/// customers the easy way", doi 10.1287/mksc.1040.0098.
///
/// **Order and cost.** Lines come out in the order of time and invoice numbers grow from 536365 (with a seventh digit
/// from the 463,636th invoice on), because each customer waits in the list of the day of the next purchase: time is
/// O(customers + days + lines), memory 12 bytes a customer plus the invoices of one day and the cancellations to come.
///
/// The same parameters give the same bytes on every machine.
package struct SyntheticTransactions: Sendable {
    package static let customerLimit = 100_000_000
    package static let dayLimit = 7_300

    package let seed: UInt64
    package let customers: Int
    package let days: Int
    /// Days since 1970-01-01.
    package let startDay: Int64

    /// What was written.
    package struct Summary: Equatable, Sendable {
        /// Without the header.
        package var lines: Int64 = 0
        package var linesWithoutCustomer: Int64 = 0
        package var cancelLines: Int64 = 0
        package var invoices: Int64 = 0
        /// Customers with at least one purchase.
        package var activeCustomers: Int64 = 0
        package var bytes: Int64 = 0
    }

    /// - Parameters:
    ///   - customers: 1 to `customerLimit`; a few of them may never buy.
    ///   - days: 1 to `dayLimit`.
    ///   - startDay: the first day, in days since 1970-01-01.
    package init(
        seed: UInt64,
        customers: Int = 4_400,
        days: Int = 374,
        startDay: Int64 = 14_944
    ) throws(SyntheticError) {
        guard customers >= 1, customers <= Self.customerLimit else { throw .customersOutOfRange(customers) }
        guard days >= 1, days <= Self.dayLimit else { throw .daysOutOfRange(days) }
        guard startDay >= 0, startDay <= CivilTime.days(year: 2900, month: 1, day: 1) else {
            throw .startOutOfRange(day: startDay)
        }
        self.seed = seed
        self.customers = customers
        self.days = days
        self.startDay = startDay
    }

    /// Hands the file to `sink` piece by piece, about 256 KiB each; a piece is valid only inside its call.
    ///
    /// - Throws: what `sink` throws, which ends the writing.
    @discardableResult
    package func write<Failure: Error>(
        to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) -> Summary {
        var shop = SyntheticShop(self)
        var page = SyntheticPage()
        page.add("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n")
        for day in 0..<days {
            for visit in shop.visits(onDay: day) {
                shop.write(visit, day: day, to: &page)
                if page.isFull { try page.flush(to: sink) }
            }
        }
        try page.flush(to: sink)
        shop.summary.bytes = page.flushedBytes
        return shop.summary
    }
}

/// One invoice to be written.
private struct Visit {
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
    static func isBefore(_ left: Visit, _ right: Visit) -> Bool {
        (left.minuteOfDay, left.customer, left.number, left.kind.rawValue)
            < (right.minuteOfDay, right.customer, right.number, right.kind.rawValue)
    }
}

/// The state of the process as it goes from day to day.
private struct SyntheticShop {
    var summary = SyntheticTransactions.Summary()

    private let settings: SyntheticTransactions
    private let catalogue: SyntheticCatalogue
    private let clock: BusinessClock
    /// The customers waiting for each day, as lists linked through `nextWaiting`; -1 ends a list.
    private var firstWaiting: [Int32]
    private var nextWaiting: [Int32]
    /// Purchases of each customer so far.
    private var purchaseCounts: [Int32]
    /// When each customer buys next, in business time.
    private var purchaseTimes: [Float]
    /// The cancellations due on each day.
    private var cancellations: [[Visit]]
    private var nextInvoice = 536_365

    init(_ settings: SyntheticTransactions) {
        self.settings = settings
        catalogue = SyntheticCatalogue(seed: settings.seed)
        clock = BusinessClock(startDay: settings.startDay, days: settings.days)
        firstWaiting = [Int32](repeating: -1, count: settings.days)
        nextWaiting = [Int32](repeating: -1, count: settings.customers)
        purchaseCounts = [Int32](repeating: 0, count: settings.customers)
        purchaseTimes = [Float](repeating: 0, count: settings.customers)
        cancellations = [[Visit]](repeating: [], count: settings.days)
        for customer in 0..<settings.customers {
            let nature = nature(of: customer)
            wait(customer, until: nature.start)
        }
    }

    /// The invoices of a day in order of time. To be called once a day, in order of days.
    mutating func visits(onDay day: Int) -> [Visit] {
        var visits = cancellations[day]
        cancellations[day] = []
        // A customer may come again on the same day and is then put in front of the list again.
        while firstWaiting[day] >= 0 {
            let customer = Int(firstWaiting[day])
            firstWaiting[day] = nextWaiting[customer]
            let number = Int(purchaseCounts[customer])
            purchaseCounts[customer] += 1
            if number == 0 { summary.activeCustomers += 1 }
            visit(customer, number: number, day: day, &visits)
            let nature = nature(of: customer)
            var random = sequence(.gap, customer, number)
            if !random.happens(withProbability: nature.leavingProbability) {
                wait(customer, until: Double(purchaseTimes[customer]) + random.exponential() / nature.purchaseRate)
            }
        }
        visits.sort(by: Visit.isBefore)
        return visits
    }

    private mutating func visit(_ customer: Int, number: Int, day: Int, _ visits: inout [Visit]) {
        var random = sequence(.invoice, customer, number)
        visits.append(
            Visit(minuteOfDay: BusinessClock.minuteOfDay(&random), customer: customer, number: number, kind: .purchase)
        )
        if random.happens(withProbability: 0.17) {
            let minute = BusinessClock.minuteOfDay(&random)
            visits.append(Visit(minuteOfDay: minute, customer: customer, number: number, kind: .anonymous))
        }
        guard random.happens(withProbability: 0.17) else { return }
        let due = day + 1 + Int(random.exponential() * 10)
        let minute = BusinessClock.minuteOfDay(&random)
        if due < settings.days {
            cancellations[due].append(
                Visit(minuteOfDay: minute, customer: customer, number: number, kind: .cancellation)
            )
        }
    }

    private mutating func wait(_ customer: Int, until time: Double) {
        // Rounded before the day is looked up, so that adding a gap never leads back to a day that is over.
        let time = Float(time)
        guard let day = clock.day(of: Double(time)) else { return }
        purchaseTimes[customer] = time
        nextWaiting[customer] = firstWaiting[day]
        firstWaiting[day] = Int32(customer)
    }

    /// What a customer is like, made again whenever it is asked for.
    private struct Nature {
        /// Time of the first purchase, and purchases a day; both in business time.
        var start: Double
        var purchaseRate: Double
        var leavingProbability: Double
        /// Factor of all quantities.
        var size: Double
        var country: StaticString
    }

    private func nature(of customer: Int) -> Nature {
        var random = sequence(.customer, customer, 0)
        let rate = random.gamma(shape: 1.1) / 40
        let wasThereBefore = random.happens(withProbability: 0.3)
        return Nature(
            // Before the first day the customer was somewhere between two purchases, and that has no memory.
            start: wasThereBefore ? random.exponential() / rate : random.uniform() * clock.length,
            purchaseRate: rate,
            leavingProbability: random.beta(0.9, 5),
            size: random.logNormal(median: 1, sigma: 0.7),
            country: random.happens(withProbability: 0.9)
                ? "United Kingdom" : Self.countries[random.integer(below: Self.countries.count)]
        )
    }

    private static let countries: [StaticString] = [
        "Germany", "France", "EIRE", "Spain", "Belgium", "Switzerland", "Portugal", "Norway", "Italy", "Finland",
    ]

    private func sequence(_ purpose: SyntheticRandom.Purpose, _ customer: Int, _ number: Int) -> SyntheticRandom {
        SyntheticRandom(seed: settings.seed, purpose, UInt64(customer), UInt64(number))
    }

    // MARK: Lines

    mutating func write(_ visit: Visit, day: Int, to page: inout SyntheticPage) {
        let nature = nature(of: visit.customer)
        let isAnonymous = visit.kind == .anonymous
        page.beginInvoice(
            number: nextInvoice,
            isCancellation: visit.kind == .cancellation,
            day: settings.startDay + Int64(day),
            minuteOfDay: visit.minuteOfDay,
            customer: isAnonymous ? nil : 12_346 + visit.customer,
            country: isAnonymous ? "United Kingdom" : nature.country
        )
        nextInvoice += 1
        summary.invoices += 1
        switch visit.kind {
        case .purchase: writeLines(visit, .lines, median: 15, sigma: 0.82, size: nature.size, &page)
        case .anonymous: writeLines(visit, .anonymous, median: 20, sigma: 1.1, size: 0.4, &page)
        case .cancellation: writeCancellation(visit, size: nature.size, &page)
        }
    }

    private mutating func writeLines(
        _ visit: Visit,
        _ purpose: SyntheticRandom.Purpose,
        median: Double,
        sigma: Double,
        size: Double,
        _ page: inout SyntheticPage
    ) {
        var random = sequence(purpose, visit.customer, visit.number)
        let lineCount = Self.lineCount(&random, median: median, sigma: sigma)
        for _ in 0..<lineCount {
            let line = Line(&random, catalogue, size: size, isAnonymous: purpose == .anonymous)
            let copies = random.happens(withProbability: 0.012) ? 2 : 1
            for _ in 0..<copies { write(line, quantity: line.quantity, &page) }
        }
    }

    /// The first lines of the purchase once more, wholly or in part.
    private mutating func writeCancellation(_ visit: Visit, size: Double, _ page: inout SyntheticPage) {
        var lines = sequence(.lines, visit.customer, visit.number)
        var random = sequence(.cancellation, visit.customer, visit.number)
        let bought = Self.lineCount(&lines, median: 15, sigma: 0.82)
        for _ in 0..<min(bought, 1 + random.integer(below: 4)) {
            let line = Line(&lines, catalogue, size: size, isAnonymous: false)
            _ = lines.happens(withProbability: 0.012)
            write(line, quantity: -1 - random.integer(below: line.quantity), &page)
            summary.cancelLines += 1
        }
    }

    private mutating func write(_ line: Line, quantity: Int, _ page: inout SyntheticPage) {
        let product = catalogue.products[line.product]
        page.addLine(
            codeAndDescription: line.isWithoutDescription ? product.codeOnly : product.codeAndDescription,
            quantity: quantity,
            pricePence: line.isFree ? 0 : product.pricePence
        )
        summary.lines += 1
        if !page.hasCustomer { summary.linesWithoutCustomer += 1 }
    }

    private static func lineCount(_ random: inout SyntheticRandom, median: Double, sigma: Double) -> Int {
        max(1, min(800, Int(random.logNormal(median: median, sigma: sigma))))
    }

    private struct Line {
        var product: Int
        var quantity: Int
        var isFree: Bool
        var isWithoutDescription: Bool

        /// Draws as many numbers whatever they are, so that a cancellation finds the same lines.
        init(_ random: inout SyntheticRandom, _ catalogue: SyntheticCatalogue, size: Double, isAnonymous: Bool) {
            product = catalogue.pick(&random)
            quantity = max(1, min(80_000, Int(random.logNormal(median: 3.5 * size, sigma: 1))))
            let oddity = random.uniform()
            isWithoutDescription = isAnonymous && oddity < 0.01
            isFree = isWithoutDescription || oddity < 0.0001
        }
    }
}

/// Time as the shop lives it: a day has the length of its weekday and season, 1 on average or so, and Saturdays have
/// none.
private struct BusinessClock {
    /// Business time at the beginning of each day; one more at the end.
    private let starts: [Double]

    init(startDay: Int64, days: Int) {
        var starts = [0.0]
        for day in 0..<days {
            let date = startDay + Int64(day)
            // 1970-01-01 was a Thursday.
            let weekday = Int((date + 3) % 7)
            let month = CivilTime.date(days: date).month
            starts.append((starts.last ?? 0) + Self.weekdays[weekday] * Self.months[month - 1])
        }
        self.starts = starts
    }

    /// Of all days together.
    var length: Double { starts.last ?? 0 }

    /// The day in which a time lies, from 0; nil when it is past the last one.
    func day(of time: Double) -> Int? {
        guard time < length else { return nil }
        var low = 0
        var high = starts.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= time { low = middle } else { high = middle }
        }
        return low
    }

    /// Within the opening hours, most around noon.
    static func minuteOfDay(_ random: inout SyntheticRandom) -> Int {
        var place = random.uniform()
        for (index, share) in hours.enumerated() {
            if place < share { return (7 + index) * 60 + Int(place / share * 60) }
            place -= share
        }
        return 20 * 60
    }

    /// Monday to Sunday.
    private static let weekdays = [1.08, 1.31, 1.20, 1.53, 1.07, 0, 0.82]
    /// January to December.
    private static let months = [0.8, 0.8, 0.9, 0.85, 1.0, 0.95, 0.9, 0.9, 1.15, 1.25, 1.6, 1.2]
    /// From 7:00 on, shares that add up to 1.
    private static let hours = [
        0.002, 0.030, 0.075, 0.120, 0.123, 0.169, 0.142, 0.123, 0.110, 0.059, 0.029, 0.010, 0.008,
    ]
}

/// The lines not yet handed over, and the parts that an invoice's lines share.
private struct SyntheticPage {
    private(set) var flushedBytes: Int64 = 0
    private(set) var hasCustomer = false
    private var bytes: [UInt8] = []
    private var invoice: [UInt8] = []
    /// `,InvoiceDate,`
    private var date: [UInt8] = []
    /// `,CustomerID,Country` and the end of the line.
    private var tail: [UInt8] = []

    var isFull: Bool { bytes.count >= 256 * 1_024 }

    mutating func add(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func beginInvoice(
        number: Int,
        isCancellation: Bool,
        day: Int64,
        minuteOfDay: Int,
        customer: Int?,
        country: StaticString
    ) {
        let civil = CivilTime.date(days: day)
        let minute = minuteOfDay % 60
        invoice = Array("\(isCancellation ? "C" : "")\(number),".utf8)
        date = Array(
            ",\(civil.month)/\(civil.day)/\(civil.year) \(minuteOfDay / 60):\(minute < 10 ? "0" : "")\(minute),".utf8
        )
        tail = Array(",\(customer.map { "\($0)" } ?? ""),\(country)\r\n".utf8)
        hasCustomer = customer != nil
    }

    mutating func addLine(codeAndDescription: [UInt8], quantity: Int, pricePence: Int) {
        bytes.append(contentsOf: invoice)
        bytes.append(contentsOf: codeAndDescription)
        if quantity < 0 { bytes.append(UInt8(ascii: "-")) }
        addDigits(quantity.magnitude)
        bytes.append(contentsOf: date)
        addDigits(UInt(pricePence / 100))
        let rest = pricePence % 100
        if rest != 0 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(UInt8(ascii: "0") + UInt8(rest / 10))
            if rest % 10 != 0 { bytes.append(UInt8(ascii: "0") + UInt8(rest % 10)) }
        }
        bytes.append(contentsOf: tail)
    }

    mutating func flush<Failure: Error>(to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        try bytes.withUnsafeBufferPointer { (pointer) throws(Failure) in try sink(UnsafeRawBufferPointer(pointer)) }
        flushedBytes += Int64(bytes.count)
        bytes.removeAll(keepingCapacity: true)
    }

    private mutating func addDigits(_ number: UInt) {
        var divisor: UInt = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
