internal import ChurnBase

/// Baskets one behind the other, in a fixed piece of memory.
struct BasketLog: ~Copyable {
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    private var byteCount = 0
    /// Where the last basket starts; nil when the next line begins another.
    private var last: Int?
    private var index: [Entry] = []
    /// Baskets of texts so far, also those that are gone.
    private var arrivals: UInt64 = 0

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
            && basket.customerCheck == line.customerCheck && basket.byteCount + needed <= GroupingLimits.basketBytes
            && isEqual(basket.invoice, line.invoice)
    }

    private mutating func begin(_ line: TransactionLine, lineBytes: Int) -> Bool {
        let textBytes = line.customerText.count
        let customerBytes = Basket.headerBytes + (textBytes == 0 ? 0 : Basket.textHeaderBytes + padded(textBytes))
        let header = customerBytes + padded(line.invoice.count)
        guard byteCount + header + lineBytes + indexBytes + MemoryLayout<Entry>.stride <= capacity else { return false }
        let target = base + byteCount
        write(UInt64(bitPattern: line.customer), to: target, 0)
        // The counts are set by each line.
        write(UInt64(UInt32(bitPattern: Int32(line.minute))), to: target, 1)
        write(UInt64(line.invoice.count) << 32 | UInt64(textBytes) << 48, to: target, 2)
        if textBytes > 0 { writeCustomer(line, to: target) }
        write(line.invoice, to: target + customerBytes)
        index.append(Entry(customer: line.customer, minute: Int32(line.minute), word: UInt32(byteCount / 8)))
        last = byteCount
        byteCount += header
        return true
    }

    private mutating func writeCustomer(_ line: TransactionLine, to target: UnsafeMutableRawPointer) {
        precondition(line.customerText.count <= CustomerID.textBytes)
        write(arrivals, to: target, 3)
        write(line.customerCheck, to: target, 4)
        write(line.customerText, to: target + Basket.headerBytes + Basket.textHeaderBytes)
        arrivals += 1
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
            if left.customer < 0 {
                let first = Basket(base: base + Int(left.word) * 8).customerCheck
                let second = Basket(base: base + Int(right.word) * 8).customerCheck
                if first != second { return first < second }
            }
            if left.minute != right.minute { return left.minute < right.minute }
            let first = Basket(base: base + Int(left.word) * 8), second = Basket(base: base + Int(right.word) * 8)
            if Basket.isBefore(first, second) { return true }
            return !Basket.isBefore(second, first) && left.word < right.word
        }
        for entry in index { try body(Basket(base: base + Int(entry.word) * 8)) }
    }
}
