/// The numbers of a line in two words, as they lie in memory and in temporary files.
///
/// | word | holds, from its low end |
/// |---|---|
/// | 0 | bytes of the stock code (7 bits), copy (15 bits), quantity in thousandths (42 bits) |
/// | 1 | the rest of copy (14 bits), amount in thousandths (50 bits) |
///
/// `ReadingLimits` and `copyLimit` see to it that they fit.
struct PackedNumbers {
    var first: UInt64
    var second: UInt64

    /// The largest number of a copy: so many equal lines are no data of a shop.
    static let copyLimit: UInt32 = 1 << 29 - 1

    @inline(__always)
    init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    @inline(__always)
    init(_ line: TransactionLine) {
        let copy = UInt64(truncatingIfNeeded: line.copy)
        first =
            UInt64(line.stockCode.count) | (copy & 0x7FFF) << 7 | UInt64(bitPattern: line.quantityMilli) << 22
        second = copy >> 15 | UInt64(bitPattern: line.amountMilli) << 14
    }

    @inline(__always) var stockCodeBytes: Int { Int(first & 0x7F) }
    @inline(__always) var quantityMilli: Int64 { Int64(bitPattern: first) >> 22 }
    @inline(__always) var amountMilli: Int64 { Int64(second >> 14) }
    @inline(__always) var copy: Int64 { Int64(first >> 7 & 0x7FFF | (second & 0x3FFF) << 15) }

    static func check() {
        precondition(ReadingLimits.stockCodeBytes <= 0x7F)
        precondition(ReadingLimits.lineAmountMilli < 1 << 50)
        precondition((Int64(Int32.max) + 1) * 1000 < 1 << 41)
    }
}
