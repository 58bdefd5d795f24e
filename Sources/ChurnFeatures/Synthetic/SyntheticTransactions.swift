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
/// O(customers + days + lines), memory 12 bytes per customer plus the invoices of one day and the cancellations to come.
///
/// The same parameters give the same bytes on every machine.
package struct SyntheticTransactions: Sendable {
    package static let customerLimit = 100_000_000
    package static let dayLimit = 7_300
    /// About as many customers and days as the real data has.
    package static let defaultCustomers = 4_400
    package static let defaultDays = 374
    /// 2010-12-01.
    package static let defaultStartDay: Int64 = 14_944

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
        customers: Int = defaultCustomers,
        days: Int = defaultDays,
        startDay: Int64 = defaultStartDay
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
