/// A customer's lines that do not fit the integers of the facts.
package enum FactsError: Error, Equatable, CustomStringConvertible {
    /// Units or money of the customer exceed 64 bits, and no other customer is left to build of.
    case overflow(customer: Int64, text: String = "")
    /// The line's day, counted from 1970-01-01, exceeds 32 bits.
    case minuteOutOfRange(customer: Int64, minute: Int64)

    package var description: String {
        switch self {
        case .overflow(let customer, let text):
            "customer \(text.isEmpty ? String(customer) : text): the sum of quantities or of amounts exceeds 64 bits, and no other customer is "
                + "left; check the quantities and prices of this customer's lines"
        case .minuteOutOfRange(let customer, let minute):
            "customer \(customer): a line dated minute \(minute) since 1970-01-01 is out of range; "
                + "check the dates of this customer's lines"
        }
    }
}

/// Adds up one customer's lines to `CustomerFacts`. Any order of the lines gives the same facts.
///
/// Its memory grows with the customer's distinct invoices, products and days, not with the lines, and is kept by
/// `reset`: at steady state a line allocates nothing.
package struct FactsAccumulator {
    private var facts: CustomerFacts
    private var invoices = ByteInterner()
    /// The earliest purchase line of each invoice, in minutes.
    private var invoiceMinutes: [Int64] = []
    private var cancelInvoices = ByteInterner()
    private var products = ByteInterner()
    /// The last day on which each product was bought.
    private var productDays: [Int32] = []
    /// Units or money exceed 64 bits: the customer has no facts. No real shop comes near: 2^63 thousandths are nine million
    /// billions.
    package private(set) var overflows = false
    /// Purchase lines whose stock code is empty.
    package private(set) var linesWithoutProduct: Int64 = 0

    /// What the customer is called where that is a text, as far as the caller knows it.
    package private(set) var text: [UInt8] = []

    /// - Parameters:
    ///   - customer: the number of a `CustomerID`.
    ///   - check: its check.
    ///   - text: empty of a number.
    package init(
        customer: Int64,
        check: UInt64 = 0,
        text: UnsafeBufferPointer<UInt8> = UnsafeBufferPointer(start: nil, count: 0)
    ) {
        facts = CustomerFacts(customer: customer, check: check)
        self.text = Array(text)
    }

    /// Starts again for another customer. Parameters as of `init`.
    package mutating func reset(
        customer: Int64,
        check: UInt64 = 0,
        text: UnsafeBufferPointer<UInt8> = UnsafeBufferPointer(start: nil, count: 0)
    ) {
        if !self.text.isEmpty || !text.isEmpty {
            self.text.removeAll(keepingCapacity: true)
            self.text.append(contentsOf: text)
        }
        let days = facts.days
        facts = CustomerFacts(customer: customer, check: check)
        facts.days = days
        facts.days.removeAll(keepingCapacity: true)
        invoices.removeAll()
        invoiceMinutes.removeAll(keepingCapacity: true)
        cancelInvoices.removeAll()
        products.removeAll()
        productDays.removeAll(keepingCapacity: true)
        linesWithoutProduct = 0
        overflows = false
    }

    /// Adds one line.
    ///
    /// - Precondition: the line is this customer's.
    /// - Throws: `minuteOutOfRange`; the accumulator is then of no use until `reset`. Sums that do not fit set `overflows`.
    package mutating func add(_ line: TransactionLine) throws(FactsError) {
        precondition(line.customer == facts.customer, "a line of another customer")
        guard !line.isCancellation else {
            addCancellation(quantityMilli: line.quantityMilli, amountMilli: line.amountMilli)
            _ = cancelInvoices.number(of: line.invoice)
            return
        }
        let day = try day(of: line.minute)
        addPurchase(quantityMilli: line.quantityMilli, amountMilli: line.amountMilli)
        note(product: line.stockCode, day: day)
        notePurchase(invoice: line.invoice, minute: line.minute, day: day)
    }

    /// Adds the lines of a basket, as `add` would add each.
    ///
    /// - Precondition: the basket is this customer's.
    mutating func add(_ basket: Basket) throws(FactsError) {
        precondition(basket.customer == facts.customer, "a basket of another customer")
        let day = try day(of: basket.minute)
        let lineCount = basket.lineCount
        let purchasesBefore = facts.purchaseLines
        var line = BasketLine(base: basket.lines)
        for _ in 0..<lineCount {
            if line.quantityMilli >= 0 {
                addPurchase(quantityMilli: line.quantityMilli, amountMilli: line.amountMilli)
                note(product: line.stockCode, day: day)
            } else {
                addCancellation(quantityMilli: line.quantityMilli, amountMilli: line.amountMilli)
            }
            line = BasketLine(base: line.base + line.byteCount)
        }
        let purchases = facts.purchaseLines - purchasesBefore
        if purchases > 0 {
            notePurchase(invoice: basket.invoice, minute: basket.minute, day: day)
        }
        if purchases < Int64(lineCount) {
            _ = cancelInvoices.number(of: basket.invoice)
        }
    }

    private func day(of minute: Int64) throws(FactsError) -> Int32 {
        guard let day = Int32(exactly: CivilTime.split(minute: minute).day) else {
            throw .minuteOutOfRange(customer: facts.customer, minute: minute)
        }
        return day
    }

    @inline(__always)
    private mutating func addPurchase(quantityMilli: Int64, amountMilli: Int64) {
        let (amount, amountOverflows) = facts.amountMilli.addingReportingOverflow(amountMilli)
        let (units, unitsOverflow) = facts.unitsMilli.addingReportingOverflow(quantityMilli)
        if amountOverflows || unitsOverflow { overflows = true }
        facts.amountMilli = amount
        facts.unitsMilli = units
        facts.maxQuantityMilli = max(facts.maxQuantityMilli, quantityMilli)
        facts.purchaseLines += 1
    }

    @inline(__always)
    private mutating func addCancellation(quantityMilli: Int64, amountMilli: Int64) {
        let (amount, amountOverflows) = facts.cancelAmountMilli.addingReportingOverflow(amountMilli)
        let (units, unitsOverflow) = facts.cancelUnitsMilli.subtractingReportingOverflow(quantityMilli)
        if amountOverflows || unitsOverflow { overflows = true }
        facts.cancelAmountMilli = amount
        facts.cancelUnitsMilli = units
        facts.cancelLines += 1
    }

    /// What the purchase lines of one invoice and minute share.
    private mutating func notePurchase(invoice: UnsafeBufferPointer<UInt8>, minute: Int64, day: Int32) {
        let isFirst = facts.days.isEmpty
        facts.firstMinute = isFirst ? minute : min(facts.firstMinute, minute)
        facts.lastMinute = isFirst ? minute : max(facts.lastMinute, minute)
        note(invoice: invoice, minute: minute)
        note(day: day)
    }

    /// The facts of the lines so far; nil when there is no purchase among them, only cancellations or nothing, and when
    /// their sums do not fit.
    package func finish() -> CustomerFacts? {
        guard let lastDay = facts.days.last, !overflows else { return nil }
        var result = facts
        result.purchaseInvoices = Int64(invoices.count)
        result.cancelInvoices = Int64(cancelInvoices.count)
        result.distinctProducts = Int64(products.count)
        for day in productDays where day == lastDay { result.lastDayProducts += 1 }
        for minute in invoiceMinutes {
            result.invoiceMinutesOfDay += Int64(CivilTime.split(minute: minute).minuteOfDay)
        }
        return result
    }

    /// Of the last purchase line; nil when there is none.
    package var lastPurchaseMinute: Int64? { facts.days.isEmpty ? nil : facts.lastMinute }

    /// Whose lines are being added up.
    package var customer: Int64 { facts.customer }
    package var check: UInt64 { facts.check }

    /// Lines added since the last reset, purchases and cancellations.
    package var lineCount: Int64 { facts.purchaseLines + facts.cancelLines }

    private mutating func note(invoice: UnsafeBufferPointer<UInt8>, minute: Int64) {
        // Not every invoice has one time: 30 of the real data set's have two.
        let number = invoices.number(of: invoice)
        if number == invoiceMinutes.count {
            invoiceMinutes.append(minute)
        } else {
            invoiceMinutes[number] = min(invoiceMinutes[number], minute)
        }
    }

    private mutating func note(product: UnsafeBufferPointer<UInt8>, day: Int32) {
        guard !product.isEmpty else {
            linesWithoutProduct += 1
            return
        }
        let number = products.number(of: product)
        if number == productDays.count {
            productDays.append(day)
        } else {
            productDays[number] = max(productDays[number], day)
        }
    }

    private mutating func note(day: Int32) {
        guard let last = facts.days.last, day <= last else {
            facts.days.append(day)
            return
        }
        var low = 0
        var high = facts.days.count
        while low < high {
            let middle = (low + high) / 2
            if facts.days[middle] < day { low = middle + 1 } else { high = middle }
        }
        if facts.days[low] != day { facts.days.insert(day, at: low) }
    }
}
