/// The state of the process as it goes from day to day.
struct SyntheticShop {
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
    private var cancellations: [[SyntheticVisit]]
    private var nextInvoice = 536_365

    init(_ settings: SyntheticTransactions) {
        self.settings = settings
        catalogue = SyntheticCatalogue(seed: settings.seed)
        clock = BusinessClock(startDay: settings.startDay, days: settings.days)
        firstWaiting = [Int32](repeating: -1, count: settings.days)
        nextWaiting = [Int32](repeating: -1, count: settings.customers)
        purchaseCounts = [Int32](repeating: 0, count: settings.customers)
        purchaseTimes = [Float](repeating: 0, count: settings.customers)
        cancellations = [[SyntheticVisit]](repeating: [], count: settings.days)
        for customer in 0..<settings.customers {
            let nature = nature(of: customer)
            wait(customer, until: nature.start)
        }
    }

    /// The invoices of a day in order of time. To be called once a day, in order of days.
    mutating func visits(onDay day: Int) -> [SyntheticVisit] {
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
        visits.sort(by: SyntheticVisit.isBefore)
        return visits
    }

    private mutating func visit(_ customer: Int, number: Int, day: Int, _ visits: inout [SyntheticVisit]) {
        var random = sequence(.invoice, customer, number)
        visits.append(
            SyntheticVisit(
                minuteOfDay: BusinessClock.minuteOfDay(&random),
                customer: customer,
                number: number,
                kind: .purchase
            )
        )
        if random.happens(withProbability: 0.17) {
            let minute = BusinessClock.minuteOfDay(&random)
            visits.append(SyntheticVisit(minuteOfDay: minute, customer: customer, number: number, kind: .anonymous))
        }
        guard random.happens(withProbability: 0.17) else { return }
        let due = day + 1 + Int(random.exponential() * 10)
        let minute = BusinessClock.minuteOfDay(&random)
        if due < settings.days {
            cancellations[due].append(
                SyntheticVisit(minuteOfDay: minute, customer: customer, number: number, kind: .cancellation)
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

    mutating func write(_ visit: SyntheticVisit, day: Int, to page: inout SyntheticPage) {
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
        _ visit: SyntheticVisit,
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
    private mutating func writeCancellation(_ visit: SyntheticVisit, size: Double, _ page: inout SyntheticPage) {
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
