import ChurnFeatures
import TestSupport
import Testing

@Suite("Reading: numbers")
struct ReadingNumberTests {
    private static func read(_ prices: [String], _ flags: KeyValuePairs<String, String> = [:]) -> Reading {
        let lines = prices.map { ReadingSupport.line(quantity: "1", date: "2011-02-09", price: "\"\($0)\"") }
        return ReadingSupport.body(lines.joined(), layout: ReadingSupport.layout(flags))
    }

    static let columns: [(prices: [String], milli: [Int64])] = [
        (["2,55", "1.234,50", "1.234"], [2550, 1_234_500, 1_234_000]),
        (["2.55", "1,234.50", "1,234"], [2550, 1_234_500, 1_234_000]),
        (["1,234", "0,5"], [1234, 500]),
        (["1.234", "0.234"], [1234, 234]),
        (["1.234.567", "1.234", "2,5"], [1_234_567_000, 1_234_000, 2500]),
        (["1234,567"], [1_234_567]),
        (["1 234,5", "1\u{202F}234,50", "1'234,5"], [1_234_500, 1_234_500, 1_234_500]),
        (["1234", "12", "0"], [1_234_000, 12_000, 0]),
        (["€ 1.234,50", "2,50 €", "-0,00"], [1_234_500, 2500, 0]),
        (["1,5E+02", "2,5e-1"], [150_000, 250]),
        ([",55", "5,"], [550, 5000]),
    ]

    @Test("the decimal sign follows from all numbers of the file", arguments: columns)
    func decimal(_ row: (prices: [String], milli: [Int64])) {
        #expect(Self.read(row.prices).lines.map(\.priceMilli) == row.milli, "\(row.prices)")
        // In whatever order they come.
        #expect(Self.read(row.prices.reversed()).lines.map(\.priceMilli) == row.milli.reversed(), "\(row.prices)")
    }

    @Test("where every number may be read in two ways, both are named with the flag")
    func ambiguous() {
        for prices in [["1,234"], ["1.234", "12"], ["1.234", "2.500", "123.456"]] {
            let error = Self.read(prices).error?.description ?? ""
            #expect(error.contains("--decimal point") && error.contains("--decimal comma"), "\(error)")
            #expect(error.contains("1.234") && error.contains("1234") && error.contains("line 2"), "\(error)")
        }
        #expect(Self.read(["1,234"], ["decimal": "comma"]).lines.map(\.priceMilli) == [1234])
        #expect(Self.read(["1,234"], ["decimal": "."]).lines.map(\.priceMilli) == [1_234_000])
        // A quantity is a number of the file as well.
        let quantity = ReadingSupport.line(quantity: "\"1,500\"", date: "2011-02-09", price: "2")
        #expect(ReadingSupport.body(quantity, layout: ReadingLayout()).error != nil)
        let proved = quantity + ReadingSupport.line(date: "2011-02-09", price: "2.5")
        #expect(ReadingSupport.body(proved, layout: ReadingLayout()).lines.map(\.quantity) == [1500, 6])
    }

    @Test("numbers that prove different signs are refused, also beyond the first pass and against a flag")
    func contradiction() {
        for prices in [["2.55", "2,55"], ["2.55"] + [String](repeating: "1", count: 400) + ["2,55"]] {
            let error = Self.read(prices).error?.description ?? ""
            #expect(error.contains("2,55") && error.contains("2.55") && error.contains("--decimal"), "\(error)")
        }
        #expect(Self.read(["2,55"], ["decimal": "point"]).error?.description.contains("--decimal point") == true)
        #expect(Self.read(["2.55", "2.5.5", "2,5,5"]).reasons == ["bad_price 2"])
    }

    @Test("thousands signs by flag")
    func thousands() {
        #expect(Self.read(["1,234.50"], ["thousands": "none"]).reasons == ["bad_price 1"])
        #expect(Self.read(["1 234.50", "1,234.50"], ["thousands": "blank"]).reasons == ["bad_price 1"])
    }

    @Test("one currency, before or behind the amounts; another is refused")
    func currency() {
        let reading = Self.read(["£2.55", "3", "£ 4"])
        #expect(reading.lines.map(\.priceMilli) == [2550, 3000, 4000] && reading.report?.currency == "£")
        #expect(reading.report?.remarks.contains("amounts are in £") == true)
        let error = Self.read(["£2.55", "$3"]).error?.description ?? ""
        #expect(error.contains("£2.55") && error.contains("$3"), "\(error)")
        let marked = ReadingSupport.header + ReadingSupport.line(date: "2011-02-09", price: "\u{1}2.55")
        let latin1: [UInt8] = marked.utf8.map { $0 == 1 ? 0xA3 : $0 }
        let single = ReadingSupport.read(latin1, layout: ReadingLayout())
        #expect(single.lines.map(\.priceMilli) == [2550] && single.report?.currency == "£")
    }

    @Test("amounts are rounded once, half to even, as exact arithmetic does", arguments: 0..<200 as Range<UInt64>)
    func rounding(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let decimals = Int.random(in: 1...9, using: &generator)
        let digits = Int64.random(in: 0..<1_000_000_000_000, using: &generator)
        // `digits` with so many decimals behind a point.
        let padded = String(repeating: "0", count: max(0, decimals + 1 - String(digits).count)) + String(digits)
        let price = padded.dropLast(decimals) + "." + padded.suffix(decimals)
        let quantityMilli = Int64.random(in: 1...5000, using: &generator)
        let quantity = "\(quantityMilli / 1000).\(String(String(quantityMilli % 1000 + 1000).dropFirst()))"
        func rounded(_ number: Int128, _ divisor: Int128) -> Int64 {
            let (quotient, rest) = number.quotientAndRemainder(dividingBy: divisor)
            let isUp = rest * 2 > divisor || (rest * 2 == divisor && quotient % 2 == 1)
            return Int64(quotient + (isUp ? 1 : 0))
        }
        let scale = (0..<decimals).reduce(Int128(1)) { power, _ in power * 10 }
        let isWhole = quantityMilli % 1000 == 0
        let priceMilli = rounded(Int128(digits) * 1000, scale)
        let amountMilli =
            isWhole ? priceMilli * (quantityMilli / 1000) : rounded(Int128(digits) * Int128(quantityMilli), scale)
        let line = ReadingSupport.line(quantity: quantity, date: "2011-02-09", price: String(price))
        let reading = ReadingSupport.body(line, layout: ReadingSupport.layout(["decimal": "point"]))
        if priceMilli > ReadingLimits.priceUnits * 1000 {
            #expect(reading.lines.isEmpty, "seed \(seed): \(quantity) at \(price)")
        } else {
            #expect(reading.lines.map(\.amountMilli) == [amountMilli], "seed \(seed): \(quantity) at \(price)")
            #expect(reading.lines.map(\.quantityMilli) == [quantityMilli], "seed \(seed)")
        }
    }
}
