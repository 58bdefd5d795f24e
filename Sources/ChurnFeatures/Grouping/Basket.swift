internal import ChurnBase

/// Lines of one customer, invoice and minute that came one after the other, in memory or in a temporary file.
///
/// A history is mostly such lines, so what they share is written once. In words of 8 bytes, little-endian:
///
/// | word | holds |
/// |---|---|
/// | 0 | customer |
/// | 1 | minute (32 bits), number of lines (32 bits) |
/// | 2 | bytes of the basket (32 bits), of the invoice (16 bits), and of the customer's text (16 bits) |
/// | | where there is such a text: its place in the order of arrival, its check, and the text, filled up with zeros |
/// | | invoice, filled up with zeros |
/// | then each line | `PackedNumbers`, two words |
/// | | stock code, filled up with zeros |
///
/// Two texts are equal when their bytes and lengths are, so lines can be compared as they lie.
struct Basket {
    /// Aligned to 8 bytes.
    let base: UnsafeRawPointer

    /// Without texts.
    static let headerBytes = 24
    /// What a customer that is a text takes more, without the text.
    static let textHeaderBytes = 16

    @inline(__always)
    private func word(_ index: Int) -> UInt64 { base.load(fromByteOffset: index * 8, as: UInt64.self) }

    var customer: Int64 { Int64(bitPattern: word(0)) }
    var minute: Int64 { Int64(Int32(truncatingIfNeeded: word(1))) }
    var lineCount: Int { Int(word(1) >> 32) }
    var byteCount: Int { Int(UInt32(truncatingIfNeeded: word(2))) }

    @inline(__always) private var customerTextBytes: Int { Int(word(2) >> 48) }
    @inline(__always) private var invoiceBytes: Int { Int(word(2) >> 32 & 0xFFFF) }

    /// Of baskets of texts, those that began earlier have a smaller one.
    var arrival: UInt64 { customerTextBytes > 0 ? word(3) : 0 }
    /// As of `CustomerID`.
    @inline(__always) var customerCheck: UInt64 { customerTextBytes > 0 ? word(4) : 0 }

    /// Empty of a number.
    var customerText: UnsafeBufferPointer<UInt8> {
        let start = (base + Self.headerBytes + Self.textHeaderBytes).assumingMemoryBound(to: UInt8.self)
        return UnsafeBufferPointer(start: start, count: customerTextBytes)
    }

    /// Of all before the invoice.
    @inline(__always) private var customerBytes: Int {
        customerTextBytes == 0 ? Self.headerBytes : Self.headerBytes + Self.textHeaderBytes + padded(customerTextBytes)
    }

    var invoice: UnsafeBufferPointer<UInt8> {
        let start = (base + customerBytes).assumingMemoryBound(to: UInt8.self)
        return UnsafeBufferPointer(start: start, count: invoiceBytes)
    }

    var lines: UnsafeRawPointer { base + customerBytes + padded(invoiceBytes) }

    @inline(__always)
    func forEachLine(_ body: (BasketLine) -> Void) {
        var line = BasketLine(base: lines)
        for _ in 0..<lineCount {
            body(line)
            line = BasketLine(base: line.base + line.byteCount)
        }
    }

    /// Overwrites the two counts of the basket at `target`.
    @inline(__always)
    static func setCounts(of target: UnsafeMutableRawPointer, lineCount: Int, byteCount: Int) {
        target.storeBytes(of: UInt32(lineCount), toByteOffset: 12, as: UInt32.self)
        target.storeBytes(of: UInt32(byteCount), toByteOffset: 16, as: UInt32.self)
    }

    func hasSameKey(as other: Basket) -> Bool {
        customer == other.customer && minute == other.minute && customerCheck == other.customerCheck
            && isEqual(invoice, other.invoice)
    }

    /// Customers ascending; of one customer, equal keys together.
    static func isBefore(_ left: Basket, _ right: Basket) -> Bool {
        if left.customer != right.customer { return left.customer < right.customer }
        if left.customer < 0, left.customerCheck != right.customerCheck {
            return left.customerCheck < right.customerCheck
        }
        if left.minute != right.minute { return left.minute < right.minute }
        return left.invoice.lexicographicallyPrecedes(right.invoice)
    }
}

/// One line of a basket.
struct BasketLine {
    let base: UnsafeRawPointer

    /// Without the stock code.
    static let headerBytes = 16

    @inline(__always)
    private func word(_ index: Int) -> UInt64 { base.load(fromByteOffset: index * 8, as: UInt64.self) }

    @inline(__always) private var numbers: PackedNumbers { PackedNumbers(first: word(0), second: word(1)) }
    @inline(__always) var quantityMilli: Int64 { numbers.quantityMilli }
    @inline(__always) var amountMilli: Int64 { numbers.amountMilli }
    @inline(__always) private var codeBytes: Int { numbers.stockCodeBytes }
    @inline(__always) var byteCount: Int { Self.headerBytes + padded(codeBytes) }

    @inline(__always) var stockCode: UnsafeBufferPointer<UInt8> {
        let start = (base + Self.headerBytes).assumingMemoryBound(to: UInt8.self)
        return UnsafeBufferPointer(start: start, count: codeBytes)
    }

    /// All of the line: the same for equal keys.
    var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: base.assumingMemoryBound(to: UInt8.self), count: byteCount)
    }
}

/// Up to a multiple of 8.
@inline(__always)
func padded(_ byteCount: Int) -> Int { (byteCount + 7) & ~7 }

func isEqual(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    guard let first = left.baseAddress, let second = right.baseAddress else { return true }
    return memcmp(first, second, left.count) == 0
}
