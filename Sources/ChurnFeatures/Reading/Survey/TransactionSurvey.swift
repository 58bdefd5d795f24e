/// Looks at all cleaned lines of a command as they go by: their days, and who and what the revenue comes from.
///
/// Memory is bounded by the days of the calendar and `SurveyLimits.customers`.
package struct TransactionSurvey {
    /// The purchase line with the largest amount.
    package struct Line: Equatable, Sendable {
        /// In thousandths of the currency.
        package var amount: Double
        package var customer: Int64
        /// Empty of a number.
        package var customerText: String
        package var invoice: String
        package var minute: Int64
    }

    package private(set) var largestLine: Line?
    package private(set) var purchaseLines: Int64 = 0
    /// In thousandths of the currency. Only shares are made of it, so it may be rounded, and cannot overflow.
    private var revenue = 0.0

    private var linesByDay: [Int64: Int64] = [:]
    private var purchaseDays: Set<Int64> = []
    private var revenueByCustomer: [Int64: Double] = [:]
    private var hasForgotten = false
    private let customerLimit: Int

    /// Lines of one day or customer mostly follow one another, so a table is looked into once for all of them. Plain numbers,
    /// as an optional of several costs a third of the time.
    private var dayStart: Int64 = 0
    /// 0 before the first line.
    private var dayLines: Int64 = 0
    private var dayPurchases: Int64 = 0
    private var customer: Int64 = 0
    /// Of a customer that is a text.
    private var customerText: [UInt8] = []
    /// 0 before the first purchase.
    private var customerPurchases: Int64 = 0
    private var customerRevenue = 0.0
    private var largestAmount = -1.0
    /// Sums only grow: the one with the largest at the end had it when last added to.
    private var largestCustomer: (id: Int64, text: [UInt8], revenue: Double)?

    /// - Parameter customerLimit: at least 2.
    package init(customerLimit: Int = SurveyLimits.customers) {
        self.customerLimit = max(2, customerLimit)
    }

    package mutating func add(_ line: TransactionLine) {
        if dayLines == 0 || UInt64(bitPattern: line.minute &- dayStart) >= UInt64(CivilTime.minutesPerDay) {
            endDay()
            dayStart = CivilTime.split(minute: line.minute).day * CivilTime.minutesPerDay
        }
        dayLines &+= 1
        guard !line.isCancellation else { return }
        dayPurchases &+= 1
        purchaseLines &+= 1
        let amount = Double(line.amountMilli)
        revenue += amount
        if customer != line.customer {
            endCustomer()
            customer = line.customer
            if customer < 0 { customerText = Array(line.customerText) }
        }
        customerPurchases &+= 1
        customerRevenue += amount
        if amount > largestAmount { noteLargest(line, amount) }
    }

    private mutating func noteLargest(_ line: TransactionLine, _ amount: Double) {
        largestAmount = amount
        largestLine = Line(
            amount: amount,
            customer: line.customer,
            customerText: String(decoding: line.customerText, as: UTF8.self),
            invoice: messageText(line.invoice),
            minute: line.minute
        )
    }

    private mutating func endDay() {
        guard dayLines > 0 else { return }
        let day = CivilTime.split(minute: dayStart).day
        linesByDay[day, default: 0] += dayLines
        if dayPurchases > 0 { purchaseDays.insert(day) }
        dayLines = 0
        dayPurchases = 0
    }

    private mutating func endCustomer() {
        guard customerPurchases > 0 else { return }
        let revenue = revenueByCustomer[customer, default: 0] + customerRevenue
        revenueByCustomer[customer] = revenue
        customerPurchases = 0
        customerRevenue = 0
        // The smaller id of two with the same revenue, so that the answer does not depend on their order.
        let largest = largestCustomer ?? (customer, [], -1)
        if revenue > largest.revenue || (revenue == largest.revenue && customer < largest.id) {
            largestCustomer = (customer, customer < 0 ? customerText : [], revenue)
        }
        guard revenueByCustomer.count > customerLimit else { return }
        let middle = revenueByCustomer.values.sorted()[customerLimit / 2]
        revenueByCustomer = revenueByCustomer.filter { $0.value > middle }
        hasForgotten = true
    }

    /// What stands out, after the last line.
    ///
    /// - Parameter today: days since 1970-01-01.
    package mutating func findings(today: Int64) -> SurveyFindings {
        endDay()
        endCustomer()
        var findings = SurveyFindings()
        let days = linesByDay.sorted { $0.key < $1.key }.map { SurveyDay(number: $0.key, lines: $0.value) }
        findings.linesByDay = linesByDay
        findings.firstDay = days.first?.number
        findings.lastDay = days.last?.number
        findings.addPauses(purchaseDays.sorted())
        findings.farLastDay = FarDay.last(of: days)
        findings.farFirstDay = FarDay.first(of: days)
        if let last = days.last, last.number > today + SurveyLimits.daysAhead { findings.isLastDayAfterToday = true }
        guard revenue > 0 else { return findings }
        if let largestLine {
            let share = largestLine.amount / revenue
            findings.largestLine = (largestLine, share)
            findings.isLineLarge = share > SurveyLimits.lineShare && purchaseLines >= SurveyLimits.lineShareLines
        }
        if let largestCustomer {
            let share = largestCustomer.revenue / revenue
            let text = String(decoding: largestCustomer.text, as: UTF8.self)
            findings.largestCustomer = (largestCustomer.id, text, share)
            let hasEnough = hasForgotten || revenueByCustomer.count >= SurveyLimits.customerShareCustomers
            findings.isCustomerLarge = hasEnough && share > SurveyLimits.customerShare
        }
        return findings
    }
}

/// What stands out in the lines of a command.
package struct SurveyFindings: Sendable {
    /// Lines of each day, in days since 1970-01-01; days without one are left out.
    package internal(set) var linesByDay: [Int64: Int64] = [:]
    /// Days since 1970-01-01; nil when there is no line.
    package internal(set) var firstDay: Int64?
    package internal(set) var lastDay: Int64?
    /// Days without a purchase, between the first and the last one with.
    package private(set) var daysWithoutSales: Int64 = 0
    /// The longest run of such days: the first of them, and how many.
    package private(set) var longestPause: (firstDay: Int64, days: Int64)?
    package internal(set) var farFirstDay: FarDay?
    package internal(set) var farLastDay: FarDay?
    package internal(set) var isLastDayAfterToday = false
    /// The line with the largest amount, and its share of all revenue; nil without revenue.
    package internal(set) var largestLine: (line: TransactionSurvey.Line, share: Double)?
    package internal(set) var isLineLarge = false
    /// The customer's text is empty of a number.
    package internal(set) var largestCustomer: (id: Int64, text: String, share: Double)?
    package internal(set) var isCustomerLarge = false

    /// - Parameter days: with a purchase, ascending.
    mutating func addPauses(_ days: [Int64]) {
        for (day, next) in zip(days, days.dropFirst()) where next > day + 1 {
            daysWithoutSales += next - day - 1
            if next - day - 1 > longestPause?.days ?? 0 { longestPause = (day + 1, next - day - 1) }
        }
    }
}

/// A day and its lines.
struct SurveyDay: Equatable {
    var number: Int64
    var lines: Int64
}

/// A day that stands far from the others, which a mistyped year most likely put there.
package struct FarDay: Equatable, Sendable {
    /// Days since 1970-01-01: the last of all, or the first.
    package var day: Int64
    /// Days between the days beyond the gap and all others.
    package var gapDays: Int64
    /// Lines beyond the gap.
    package var lines: Int64

    package init(day: Int64, gapDays: Int64, lines: Int64) {
        self.day = day
        self.gapDays = gapDays
        self.lines = lines
    }

    /// - Parameter days: ascending.
    static func last(of days: [SurveyDay]) -> FarDay? { far(days.reversed()) }

    static func first(of days: [SurveyDay]) -> FarDay? { far(days) }

    /// - Parameter days: in order, beginning with the one that may be far.
    private static func far(_ days: [SurveyDay]) -> FarDay? {
        guard days.count > 1, let outermost = days.first else { return nil }
        let allLines = days.reduce(0) { $0 + $1.lines }
        let fewLines = allLines / SurveyLimits.farLinesShare
        // Days at the other end that may be far themselves are no measure, as long as others are left.
        var end = days.count - 1
        var beyondEnd: Int64 = 0
        while end > 1, beyondEnd + days[end].lines <= fewLines || end == days.count - 1 {
            beyondEnd += days[end].lines
            end -= 1
        }
        let inner = pauses(days[...end])
        let all = pauses(days[...])
        var beyond: Int64 = 0
        for index in 0..<(days.count - 1) {
            beyond += days[index].lines
            guard index == 0 || beyond <= fewLines else { return nil }
            let gap = abs(days[index].number - days[index + 1].number)
            let pause = index + 1 < end ? inner[index + 1] : all[index + 1]
            if gap >= SurveyLimits.farDays, gap >= SurveyLimits.farPauses * pause {
                return FarDay(day: outermost.number, gapDays: gap, lines: beyond)
            }
        }
        return nil
    }

    /// By day, the longest pause from it to the last one.
    private static func pauses(_ days: ArraySlice<SurveyDay>) -> [Int64] {
        var pauses = [Int64](repeating: 0, count: days.count)
        for index in (0..<(days.count - 1)).reversed() {
            pauses[index] = max(pauses[index + 1], abs(days[index].number - days[index + 1].number))
        }
        return pauses
    }
}
