import ChurnFeatures
import TestSupport
import Testing

@Suite("What stands out in the lines of a command") struct TransactionSurveyTests {
    /// Days since 1970-01-01, customer, and amount in thousandths (below 0: a cancellation).
    private typealias Sale = (day: Int64, customer: Int64, amount: Int64)

    private static func findings(_ sales: [Sale], customerLimit: Int = 100, today: Int64 = 20_000) -> SurveyFindings {
        var survey = TransactionSurvey(customerLimit: customerLimit)
        for (index, sale) in sales.enumerated() {
            var line = TransactionLine.empty
            line.customer = sale.customer
            line.minute = sale.day * CivilTime.minutesPerDay + Int64(index % 1_440)
            line.quantityMilli = sale.amount < 0 ? -1_000 : 1_000
            line.amountMilli = abs(sale.amount)
            survey.add(line)
        }
        return survey.findings(today: today)
    }

    /// A sale each 7 days, of 20 customers by turns.
    private static func weekly(_ count: Int64, from day: Int64 = 15_000) -> [Sale] {
        (0..<count).map { (day + 7 * $0, 1 + $0 % 20, 5_000) }
    }

    @Test("an even history has nothing that stands out")
    func even() {
        let findings = Self.findings(Self.weekly(60))
        #expect(findings.firstDay == 15_000 && findings.lastDay == 15_000 + 7 * 59)
        #expect(findings.farFirstDay == nil && findings.farLastDay == nil && !findings.isLastDayAfterToday)
        #expect(!findings.isLineLarge && !findings.isCustomerLarge)
        #expect(findings.daysWithoutSales == 6 * 59)
        #expect(findings.longestPause?.firstDay == 15_001 && findings.longestPause?.days == 6)
        let none = Self.findings([])
        #expect(none.firstDay == nil && none.largestLine == nil && none.largestCustomer == nil)
    }

    @Test("days of a mistyped year are far from the others, at either end, as long as they hold few lines")
    func farDays() {
        let usual = Self.weekly(60)
        let last = Self.findings(usual + [(19_000, 1, 5_000)])
        #expect(last.farLastDay == FarDay(day: 19_000, gapDays: 19_000 - 15_413, lines: 1))
        #expect(last.farFirstDay == nil)
        let first = Self.findings([(100, 1, 5_000)] + usual)
        #expect(first.farFirstDay == FarDay(day: 100, gapDays: 14_900, lines: 1))
        #expect(first.farLastDay == nil)
        // Two of them, with a year between.
        let many = Self.weekly(600)
        let two = Self.findings(many + [(29_000, 1, 5_000), (29_365, 2, 5_000)])
        #expect(two.farLastDay == FarDay(day: 29_365, gapDays: 29_000 - 19_193, lines: 2))
        #expect(two.isLastDayAfterToday)
        // One at each end: neither hides the other.
        let both = Self.findings([(100, 1, 5_000)] + usual + [(19_000, 1, 5_000)])
        #expect(both.farFirstDay?.gapDays == 14_900 && both.farLastDay?.gapDays == 19_000 - 15_413)
        // A few days far apart are the whole history of a shop.
        let rare = Self.findings((0..<5).map { (15_000 + 200 * $0, $0 + 1, 5_000) })
        #expect(rare.farFirstDay == nil && rare.farLastDay == nil)
        let three = Self.findings((0..<3).map { (15_000 + 200 * $0, $0 + 1, 5_000) })
        #expect(three.farFirstDay == nil && three.farLastDay == nil)
        // A shop that opened again after a long pause.
        let again = Self.findings(Self.weekly(60) + Self.weekly(60, from: 16_500))
        #expect(again.farFirstDay == nil && again.farLastDay == nil)
        // 89 days are a season.
        #expect(Self.findings(usual + [(15_413 + 89, 1, 5_000)]).farLastDay == nil)
        #expect(Self.findings(usual + [(15_413 + 90, 1, 5_000)]).farLastDay != nil)
    }

    @Test("tomorrow is no future, for the clocks of other zones; the day after is")
    func future() {
        #expect(!Self.findings([(20_001, 1, 1)]).isLastDayAfterToday)
        #expect(Self.findings([(20_002, 1, 1)]).isLastDayAfterToday)
    }

    @Test("one line, and one customer, above a share of all revenue")
    func shares() throws {
        let usual = Self.weekly(60)
        // 60 lines of 5.00 are 300; a line of 75.00 more is exactly a fifth.
        #expect(!Self.findings(usual + [(15_010, 3, 75_000)]).isLineLarge)
        let large = Self.findings(usual + [(15_010, 3, 75_001)])
        #expect(large.isLineLarge && !large.isCustomerLarge)
        #expect(large.largestLine?.line.customer == 3)
        let share = try #require(large.largestCustomer)
        #expect(share.id == 3 && abs(share.share - 90_001.0 / 375_001) < 1e-12)
        // Many lines of one customer; what was cancelled is no revenue.
        let one: [Sale] = (0..<40).map { (15_000 + $0, 7, 5_000) }
        #expect(Self.findings(usual + one).isCustomerLarge)
        let cancelled: [Sale] = one.map { ($0.day, $0.customer, -$0.amount) }
        #expect(!Self.findings(usual + cancelled).isCustomerLarge)
        // Among a few, one is always large.
        #expect(!Self.findings([(15_000, 1, 5_000), (15_001, 2, 50)]).isLineLarge)
        #expect(!Self.findings([(15_000, 1, 0)]).isLineLarge)
    }

    @Test("more customers than are remembered: a large one is still found", arguments: 1...4)
    func forgetting(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var sales: [Sale] = []
        for customer in Int64(1)...5_000 { sales.append((15_000, customer, .random(in: 1...1_000, using: &random))) }
        for _ in 0..<600 { sales.append((15_000, 4_321, 2_000)) }
        sales.shuffle(using: &random)
        let findings = Self.findings(sales, customerLimit: 100)
        let largest = try #require(findings.largestCustomer)
        let all = sales.reduce(0) { $0 + $1.amount }
        let exact = Double(sales.filter { $0.customer == 4_321 }.reduce(0) { $0 + $1.amount }) / Double(all)
        #expect(largest.id == 4_321 && largest.share <= exact + 1e-9 && largest.share > exact - 0.1)
        #expect(findings.isCustomerLarge == (largest.share > SurveyLimits.customerShare))
    }
}
