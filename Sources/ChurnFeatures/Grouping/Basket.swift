internal import ChurnBase

/// Lines of one customer, invoice and minute that came one after the other, in memory or in a temporary file.
///
/// A history is mostly such lines, so what they share is written once. In words of 8 bytes, little-endian:
///
/// | word | holds |
/// |---|---|
/// | 0 | customer |
/// | 1 | minute (32 bits), number of lines (32 bits) |
/// | 2 | bytes of the basket (32 bits), bytes of the invoice |
/// | 3 ... | invoice, filled up with zeros |
/// | then each line | `PackedNumbers`, two words |
/// | | stock code, filled up with zeros |
///
/// Two texts are equal when their bytes and lengths are, so lines can be compared as they lie.
struct Basket {
    /// Aligned to 8 bytes.
    let base: UnsafeRawPointer

    /// Without the invoice.
    static let headerBytes = 24

    @inline(__always)
    private func word(_ index: Int) -> UInt64 { base.load(fromByteOffset: index * 8, as: UInt64.self) }

    var customer: Int64 { Int64(bitPattern: word(0)) }
    var minute: Int64 { Int64(Int32(truncatingIfNeeded: word(1))) }
    var lineCount: Int { Int(word(1) >> 32) }
    var byteCount: Int { Int(UInt32(truncatingIfNeeded: word(2))) }

    var invoice: UnsafeBufferPointer<UInt8> {
        let start = (base + Self.headerBytes).assumingMemoryBound(to: UInt8.self)
        return UnsafeBufferPointer(start: start, count: Int(word(2) >> 32))
    }

    var lines: UnsafeRawPointer { base + Self.headerBytes + padded(Int(word(2) >> 32)) }

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
        customer == other.customer && minute == other.minute && isEqual(invoice, other.invoice)
    }

    /// Customers ascending; of one customer, equal keys together.
    static func isBefore(_ left: Basket, _ right: Basket) -> Bool {
        if left.customer != right.customer { return left.customer < right.customer }
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

/// Baskets one behind the other, in a fixed piece of memory.
struct BasketLog: ~Copyable {
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    private var byteCount = 0
    /// Where the last basket starts; nil when the next line begins another.
    private var last: Int?
    private var index: [Entry] = []

    /// What the order of most baskets follows from, so that sorting rarely looks into the log.
    private struct Entry {
        var customer: Int64
        var minute: Int32
        /// Offset of the basket in words.
        var word: UInt32
    }

    private static let largePageBytes = 2 << 20

    init(byteCount: Int) {
        capacity = min(byteCount, Int(UInt32.max) * 8)
        // Pages that are never written to are never given.
        base = .allocate(byteCount: byteCount, alignment: Self.largePageBytes)
        #if os(Linux)
            // A wish: a large page costs one fault instead of 512.
            if byteCount >= Self.largePageBytes { _ = madvise(base, byteCount, MADV_HUGEPAGE) }
        #endif
    }

    deinit { base.deallocate() }

    var isEmpty: Bool { index.isEmpty }

    /// Bytes of the baskets.
    var usedBytes: Int { byteCount }

    /// The next line begins a basket of its own, even if it has the same key as the one before.
    mutating func endBasket() { last = nil }

    mutating func removeAll() {
        byteCount = 0
        last = nil
        index.removeAll(keepingCapacity: true)
    }

    /// Adds a line; false when there is no room.
    ///
    /// - Precondition: texts and numbers are within `ReadingLimits` and the ranges of `TransactionLine`.
    @inline(__always)
    mutating func add(_ line: TransactionLine) -> Bool {
        let codeBytes = line.stockCode.count
        precondition(codeBytes <= ReadingLimits.stockCodeBytes && line.invoice.count <= ReadingLimits.invoiceBytes)
        let needed = BasketLine.headerBytes + padded(codeBytes)
        if let last, continues(Basket(base: base + last), line, needed) {
            guard byteCount + needed + indexBytes <= capacity else { return false }
        } else {
            guard begin(line, lineBytes: needed) else { return false }
        }
        let target = base + byteCount
        let numbers = PackedNumbers(line)
        write(numbers.first, to: target, 0)
        write(numbers.second, to: target, 1)
        write(line.stockCode, to: target + BasketLine.headerBytes)
        byteCount += needed
        if let last {
            let lineCount = Basket(base: base + last).lineCount + 1
            Basket.setCounts(of: base + last, lineCount: lineCount, byteCount: byteCount - last)
        }
        return true
    }

    /// Bytes of the index, which count as well.
    private var indexBytes: Int { index.count * MemoryLayout<Entry>.stride }

    private func continues(_ basket: Basket, _ line: TransactionLine, _ needed: Int) -> Bool {
        basket.customer == line.customer && basket.minute == line.minute
            && basket.byteCount + needed <= GroupingLimits.basketBytes && isEqual(basket.invoice, line.invoice)
    }

    private mutating func begin(_ line: TransactionLine, lineBytes: Int) -> Bool {
        let header = Basket.headerBytes + padded(line.invoice.count)
        guard byteCount + header + lineBytes + indexBytes + MemoryLayout<Entry>.stride <= capacity else { return false }
        let target = base + byteCount
        write(UInt64(bitPattern: line.customer), to: target, 0)
        // The counts are set by each line.
        write(UInt64(UInt32(bitPattern: Int32(line.minute))), to: target, 1)
        write(UInt64(line.invoice.count) << 32, to: target, 2)
        write(line.invoice, to: target + Basket.headerBytes)
        index.append(Entry(customer: line.customer, minute: Int32(line.minute), word: UInt32(byteCount / 8)))
        last = byteCount
        byteCount += header
        return true
    }

    @inline(__always)
    private func write(_ word: UInt64, to target: UnsafeMutableRawPointer, _ index: Int) {
        target.storeBytes(of: word, toByteOffset: index * 8, as: UInt64.self)
    }

    /// A text and zeros up to a multiple of 8.
    @inline(__always)
    private func write(_ text: UnsafeBufferPointer<UInt8>, to target: UnsafeMutableRawPointer) {
        guard let start = text.baseAddress, text.count > 0 else { return }
        write(0, to: target, padded(text.count) / 8 - 1)
        target.copyMemory(from: start, byteCount: text.count)
    }

    /// Calls `body` with every basket in order, see `Basket.isBefore`; equal ones as they were added.
    mutating func forEachSorted<Failure: Error>(_ body: (Basket) throws(Failure) -> Void) throws(Failure) {
        let base = base
        index.sort { left, right in
            if left.customer != right.customer { return left.customer < right.customer }
            if left.minute != right.minute { return left.minute < right.minute }
            let first = Basket(base: base + Int(left.word) * 8), second = Basket(base: base + Int(right.word) * 8)
            if Basket.isBefore(first, second) { return true }
            return !Basket.isBefore(second, first) && left.word < right.word
        }
        for entry in index { try body(Basket(base: base + Int(entry.word) * 8)) }
    }
}
