import ChurnFeatures
import Foundation
import TestSupport

func accumulated(_ lines: [OwnedLine], customer: Int64 = 1) throws -> CustomerFacts? {
    var accumulator = FactsAccumulator(customer: customer)
    for line in lines { try line.withLine { try accumulator.add($0) } }
    return accumulator.finish()
}

/// The facts once more, the slow and obvious way, from the definitions.
func naiveFacts(_ lines: [OwnedLine], customer: Int64) -> CustomerFacts? {
    let purchases = lines.filter { $0.quantityMilli >= 0 }
    let cancellations = lines.filter { $0.quantityMilli < 0 }
    guard let lastMinute = purchases.map(\.minute).max(), let firstMinute = purchases.map(\.minute).min() else {
        return nil
    }
    func day(_ minute: Int64) -> Int64 { Int64((Double(minute) / 1_440).rounded(.down)) }
    let invoices = Dictionary(grouping: purchases, by: \.invoice)
    var facts = CustomerFacts(customer: customer)
    facts.purchaseLines = Int64(purchases.count)
    facts.purchaseInvoices = Int64(invoices.count)
    facts.cancelLines = Int64(cancellations.count)
    facts.cancelInvoices = Int64(Set(cancellations.map(\.invoice)).count)
    facts.unitsMilli = purchases.map(\.quantityMilli).reduce(0, +)
    facts.amountMilli = purchases.map(\.amountMilli).reduce(0, +)
    facts.cancelUnitsMilli = -cancellations.map(\.quantityMilli).reduce(0, +)
    facts.cancelAmountMilli = cancellations.map(\.amountMilli).reduce(0, +)
    facts.firstMinute = firstMinute
    facts.lastMinute = lastMinute
    let products = purchases.filter { !$0.stockCode.isEmpty }
    facts.distinctProducts = Int64(Set(products.map(\.stockCode)).count)
    facts.lastDayProducts = Int64(
        Set(products.filter { day($0.minute) == day(lastMinute) }.map(\.stockCode)).count
    )
    facts.maxQuantityMilli = purchases.map(\.quantityMilli).max() ?? 0
    for lines in invoices.values {
        let earliest = lines.map(\.minute).min() ?? 0
        facts.invoiceMinutesOfDay += earliest - day(earliest) * 1_440
    }
    facts.days = Set(purchases.map { Int32(day($0.minute)) }).sorted()
    return facts
}

/// The real lines by customer, read once for all tests that want them.
struct FactsHistory: Sendable {
    let linesByCustomer: [(customer: Int64, lines: [Line])]
    private let texts: [UInt8]

    struct Line: Sendable {
        var invoice: Range<Int>
        var stockCode: Range<Int>
        var minute: Int64
        var quantityMilli: Int64
        var amountMilli: Int64
    }

    static let real = Result { try FactsHistory(reading: Surroundings.transactionFile()) }

    private init(reading path: String) throws {
        var reader = try TransactionReader(path: path)
        var texts: [UInt8] = []
        var lines: [Int64: [Line]] = [:]
        func keep(_ text: UnsafeBufferPointer<UInt8>) -> Range<Int> {
            texts.append(contentsOf: text)
            return (texts.count - text.count)..<texts.count
        }
        while try reader.readBatch(
            maxLines: 100_000,
            { line in
                lines[line.customer, default: []].append(
                    Line(
                        invoice: keep(line.invoice),
                        stockCode: keep(line.stockCode),
                        minute: line.minute,
                        quantityMilli: line.quantityMilli,
                        amountMilli: line.amountMilli
                    )
                )
            }
        ) {}
        self.texts = texts
        linesByCustomer = lines.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Every customer's facts from the lines before `minute`, customers ascending.
    func facts(before minute: Int64 = .max) throws -> [CustomerFacts] {
        try texts.withUnsafeBufferPointer { texts in
            var accumulator = FactsAccumulator(customer: 1)
            var result: [CustomerFacts] = []
            for (customer, lines) in linesByCustomer {
                accumulator.reset(customer: customer)
                for line in lines where line.minute < minute {
                    try accumulator.add(
                        TransactionLine(
                            invoice: UnsafeBufferPointer(rebasing: texts[line.invoice]),
                            stockCode: UnsafeBufferPointer(rebasing: texts[line.stockCode]),
                            customer: customer,
                            minute: line.minute,
                            quantityMilli: line.quantityMilli,
                            amountMilli: line.amountMilli
                        )
                    )
                }
                if let facts = accumulator.finish() { result.append(facts) }
            }
            return result
        }
    }
}
