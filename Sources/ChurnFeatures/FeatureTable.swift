internal import CCPU
internal import ChurnBase

/// What keeps a feature table from being built. Both come from the data, not from the caller.
package enum FeatureTableError: Error, Equatable, CustomStringConvertible {
    case duplicateCustomer(Int64)
    case tooManyRows(limit: Int)

    package var description: String {
        switch self {
        case .duplicateCustomer(let customer): "customer \(customer) appears twice in the features"
        case .tooManyRows(let limit): "more than \(limit) customers do not fit one feature table"
        }
    }
}

/// What the rows of a table hold, as it is made from a customer's features.
package struct RowLayout: Sendable {
    /// Doubles a row.
    package let width: Int
    /// Makes a row: from the features in the order of the schema, to `width` doubles.
    private let write: @Sendable (_ features: UnsafePointer<Double>, _ row: UnsafeMutablePointer<Double>) -> Void

    package init(
        width: Int,
        write: @escaping @Sendable (_ features: UnsafePointer<Double>, _ row: UnsafeMutablePointer<Double>) -> Void
    ) {
        self.width = width
        self.write = write
    }

    /// Makes a customer's row, the same whether it goes into a table or not.
    ///
    /// - Parameters:
    ///   - facts: of a customer with at least one purchase.
    ///   - row: `width` doubles, overwritten.
    package func write(_ facts: CustomerFacts, _ context: BuildContext, to row: UnsafeMutablePointer<Double>) {
        let schema = FeatureSchema.current
        withUnsafeTemporaryAllocation(of: Double.self, capacity: schema.names.count) { features in
            schema.write(facts, context, to: features)
            write(UnsafePointer(features.baseAddress.unsafelyUnwrapped), row)
        }
    }

    /// The features as they are.
    package static let features = RowLayout(width: FeatureSchema.current.names.count) { features, row in
        row.update(from: features, count: FeatureSchema.current.names.count)
    }
}

/// The resident features: customer id -> row of doubles. Built once by `Builder`, then only read.
///
/// Two pieces of raw memory. The rows: each customer's id, then what the `RowLayout` says, so that the look-up ends in the
/// cache line that is read next. The index: open addressing with a load of at most one half, four bytes an entry: the row's
/// number, and above it as many bits of the hash as there is room for, so that a row is hardly ever looked at in vain. A
/// look-up takes no lock, does no reference counting and allocates nothing.
///
/// **Lifetime.** `features(row:)` points into the table and is valid only while it lives. Swift may release an object
/// after its last use, which is not the last use of a pointer taken from it: hold the table in a stored property for the
/// time, or read inside `withExtendedLifetime(table) { ... }`.
///
/// `@unchecked Sendable`: nothing writes to the memory after `Builder.finish()` has handed it over, and nobody but this
/// object frees it.
package final class FeatureTable: @unchecked Sendable {
    package let schema = FeatureSchema.current
    package let context: BuildContext
    /// The number of the build that the rows come from.
    package let generation: Int64
    /// Tells builds apart, and segmentations of one build; 0 where nobody wants to know.
    package let identity: UInt64
    package let rowCount: Int
    /// False when no customer has a product: what the rows hold of `ProductFeatures` means nothing.
    package let hasProducts: Bool
    /// Names of the customers' segments; empty when they were not segmented.
    package let segmentNames: [String]
    /// Position in `segmentNames` by row, or `noSegment`.
    private let segments: [UInt8]
    /// 0: free. Else the low bits that are not in `tagMask` hold the row's number plus 1.
    @usableFromInline let entries: UnsafePointer<UInt32>
    /// Number of entries, a power of two, minus 1.
    @usableFromInline let mask: Int
    /// The bits of an entry, and of a hash's upper half, that tell customers apart.
    @usableFromInline let tagMask: UInt32
    @usableFromInline let rows: UnsafePointer<Double>
    /// Doubles from row to row: the id, as a bit pattern, and the layout's.
    @usableFromInline let stride: Int

    /// The row of a customer, 0 ..< `rowCount`, or nil when the table has none.
    @inlinable
    package func row(of customer: Int64) -> Int? {
        let hash = Self.mix(customer)
        let tag = Self.tag(hash) & tagMask
        var place = Int(truncatingIfNeeded: hash) & mask
        // At least half of the entries are free, so the loop ends.
        while true {
            let entry = entries[place]
            if entry == 0 { return nil }
            if entry & tagMask == tag {
                let row = Int(entry & ~tagMask) - 1
                if self.customer(row: row) == customer { return row }
            }
            place = (place + 1) & mask
        }
    }

    /// The rows of many customers, or -1 for those that the table has not.
    ///
    /// All entries of a group of ids are asked for before the first is looked at, then all their rows: the memory's latency
    /// is paid once a group, not twice an id.
    /// - Parameters:
    ///   - customers: `count` ids.
    ///   - found: `[count]`, overwritten.
    ///   - columns: what the caller reads next of each row; it is asked for as well.
    package func findRows(
        of customers: UnsafePointer<Int64>,
        count: Int,
        into found: UnsafeMutablePointer<Int32>,
        reading columns: Range<Int>
    ) {
        // The columns' first and last cache line; between them are none, or the processor guesses them.
        let first = columns.lowerBound + 1
        let last = columns.upperBound
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.groupSize) { group in
            let hashes = group.baseAddress.unsafelyUnwrapped
            var start = 0
            while start < count {
                let size = min(Self.groupSize, count - start)
                for index in 0..<size {
                    let hash = Self.mix(customers[start + index])
                    hashes[index] = hash
                    churn_prefetch(entries + (Int(truncatingIfNeeded: hash) & mask))
                }
                for index in 0..<size {
                    // The first whose tag agrees: nearly always the one.
                    let tag = Self.tag(hashes[index]) & tagMask
                    var place = Int(truncatingIfNeeded: hashes[index]) & mask
                    while entries[place] != 0, entries[place] & tagMask != tag { place = (place + 1) & mask }
                    let row = Int(entries[place] & ~tagMask) - 1
                    found[start + index] = Int32(truncatingIfNeeded: row)
                    let values = rows + max(row, 0) &* stride
                    churn_prefetch(values)
                    churn_prefetch(values + first)
                    churn_prefetch(values + last)
                }
                for index in start..<(start + size) {
                    let row = Int(found[index])
                    if row >= 0, customer(row: row) != customers[index] {
                        found[index] = Int32(truncatingIfNeeded: self.row(of: customers[index]) ?? -1)
                    }
                }
                start += size
            }
        }
    }

    /// As many cache lines as a core has under way at a time, and then some.
    private static let groupSize = 64

    /// The layout's doubles of a row. See "Lifetime" above.
    ///
    /// - Precondition: `row` is in 0 ..< `rowCount`; checked in debug builds only.
    @inlinable
    package func features(row: Int) -> UnsafePointer<Double> {
        assert(row >= 0 && row < rowCount)
        return rows + (row &* stride &+ 1)
    }

    /// The customer of a row; rows are in the order in which they were appended.
    ///
    /// - Precondition: as for `features(row:)`.
    @inlinable
    package func customer(row: Int) -> Int64 {
        assert(row >= 0 && row < rowCount)
        return Int64(bitPattern: rows[row &* stride].bitPattern)
    }

    /// The customers by row, copied.
    package var customers: [Int64] { (0..<rowCount).map(customer(row:)) }

    /// The position of a row's segment in `segmentNames`; nil when it has none.
    package func segment(row: Int) -> Int? {
        let segment = segments[row]
        return segment == Self.noSegment ? nil : Int(segment)
    }

    private static let noSegment = UInt8.max
    /// Segments of one table: what a byte holds but for `noSegment`.
    package static let segmentLimit = 255

    /// Bytes of raw memory held for the index and the rows.
    package var residentBytes: Int {
        (mask + 1) * MemoryLayout<UInt32>.stride + rowCount * stride * MemoryLayout<Double>.stride
    }

    /// Spreads ids, which are often consecutive, over all bits: variant 13 of Stafford's finalisers, as in SplitMix64.
    @inlinable
    static func mix(_ customer: Int64) -> UInt64 {
        var bits = UInt64(bitPattern: customer)
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }

    /// The upper half of a hash; the lower one is the place.
    @inlinable
    static func tag(_ hash: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: hash >> 32)
    }

    private init(
        context: BuildContext,
        generation: Int64,
        identity: UInt64,
        rowCount: Int,
        hasProducts: Bool,
        segmentNames: [String],
        segments: [UInt8],
        index: consuming AlignedMemory<UInt32>,
        entryCount: Int,
        tagMask: UInt32,
        rows: consuming AlignedMemory<Double>,
        stride: Int
    ) {
        self.context = context
        self.generation = generation
        self.identity = identity
        self.rowCount = rowCount
        self.hasProducts = hasProducts
        self.segmentNames = segmentNames
        self.segments = segments
        self.tagMask = tagMask
        self.stride = stride
        mask = entryCount - 1
        // Adopted: `deinit` frees them.
        entries = index.release()
        self.rows = rows.release()
    }

    deinit {
        UnsafeMutableRawPointer(mutating: entries).deallocate()
        UnsafeMutableRawPointer(mutating: rows).deallocate()
    }

    /// Collects the customers of one build, in any order, and makes the table of them.
    package struct Builder: ~Copyable {
        /// Rows of one table; their number plus 1 fits an entry of the index beside at least one bit of the hash.
        package static let rowLimit = Int(Int32.max)

        private let layout: RowLayout
        private let context: BuildContext
        private let generation: Int64
        private let identity: UInt64
        private let segmentNames: [String]
        private var segments: [UInt8] = []
        private var rowCount = 0
        private var hasProducts = false
        private var capacity: Int
        private let stride: Int
        private var rows: AlignedMemory<Double>

        /// - Parameters:
        ///   - layout: what the rows hold.
        ///   - identity: tells builds apart, where anybody wants to know.
        ///   - segmentNames: at most `segmentLimit`; the rest is left out.
        ///   - reservedRows: the number of customers to come, when known; the memory grows beyond it.
        package init(
            layout: RowLayout = .features,
            context: BuildContext,
            generation: Int64,
            identity: UInt64 = 0,
            segmentNames: [String] = [],
            reservedRows: Int = 0
        ) {
            self.identity = identity
            self.segmentNames = Array(segmentNames.prefix(FeatureTable.segmentLimit))
            self.layout = layout
            self.context = context
            self.generation = generation
            stride = layout.width + 1
            capacity = min(max(reservedRows, 16), Self.rowLimit)
            segments.reserveCapacity(capacity)
            rows = AlignedMemory(count: capacity * stride)
        }

        /// Writes the customer's next row.
        ///
        /// - Parameter segment: a position in `segmentNames`; any other is none.
        package mutating func append(_ facts: CustomerFacts, segment: Int? = nil) throws(FeatureTableError) {
            if rowCount == capacity {
                guard capacity < Self.rowLimit else { throw .tooManyRows(limit: Self.rowLimit) }
                grow()
            }
            let row = rows.base + rowCount * stride
            row.initialize(to: Double(bitPattern: UInt64(bitPattern: facts.customer)))
            layout.write(facts, context, to: row + 1)
            let known = segment.flatMap { segmentNames.indices.contains($0) ? UInt8($0) : nil }
            segments.append(known ?? FeatureTable.noSegment)
            if facts.distinctProducts > 0 { hasProducts = true }
            rowCount += 1
        }

        /// The finished table.
        ///
        /// - Throws: `duplicateCustomer` when two rows have the same customer.
        package consuming func finish() throws(FeatureTableError) -> FeatureTable {
            var entryCount = 2
            while entryCount < rowCount * 2 { entryCount *= 2 }
            let index = AlignedMemory<UInt32>(count: entryCount)
            let entries = index.base
            entries.initialize(repeating: 0, count: entryCount)
            // Room for 1 to rowCount below the tag.
            let tagMask = ~UInt32(0) << UInt32(UInt32.bitWidth - UInt32(rowCount).leadingZeroBitCount)
            for row in 0..<rowCount {
                let customer = rows.base[row * stride].bitPattern
                let hash = FeatureTable.mix(Int64(bitPattern: customer))
                let tag = FeatureTable.tag(hash) & tagMask
                var place = Int(truncatingIfNeeded: hash) & (entryCount - 1)
                while entries[place] != 0 {
                    if entries[place] & tagMask == tag {
                        let other = Int(entries[place] & ~tagMask) - 1
                        guard rows.base[other * stride].bitPattern != customer else {
                            throw .duplicateCustomer(Int64(bitPattern: customer))
                        }
                    }
                    place = (place + 1) & (entryCount - 1)
                }
                entries[place] = tag | UInt32(row + 1)
            }
            return FeatureTable(
                context: context,
                generation: generation,
                identity: identity,
                rowCount: rowCount,
                hasProducts: hasProducts,
                segmentNames: segmentNames,
                segments: segments,
                index: index,
                entryCount: entryCount,
                tagMask: tagMask,
                rows: rows,
                stride: stride
            )
        }

        private mutating func grow() {
            let grown = capacity > Self.rowLimit / 2 ? Self.rowLimit : capacity * 2
            rows = AlignedMemory(count: grown * stride, copying: rows.base, usedCount: rowCount * stride)
            capacity = grown
        }
    }
}

/// Owns uninitialised memory that starts at a cache line, until `release` gives it away.
private struct AlignedMemory<Element: BitwiseCopyable>: ~Copyable {
    let base: UnsafeMutablePointer<Element>

    init(count: Int) {
        let byteCount = count * MemoryLayout<Element>.stride
        let isLarge = byteCount >= 2 * Self.hugePageBytes
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: byteCount,
            alignment: isLarge ? Self.hugePageBytes : Self.cacheLineBytes
        )
        #if os(Linux)
            // A random look-up in ordinary pages misses the TLB as well as the cache. A hint: it may be ignored.
            if isLarge { madvise(memory, byteCount, MADV_HUGEPAGE) }
        #endif
        base = memory.bindMemory(to: Element.self, capacity: count)
    }

    private static var cacheLineBytes: Int { 64 }
    private static var hugePageBytes: Int { 2 << 20 }

    init(count: Int, copying old: UnsafeMutablePointer<Element>, usedCount: Int) {
        self.init(count: count)
        base.initialize(from: old, count: usedCount)
    }

    consuming func release() -> UnsafePointer<Element> {
        let memory = base
        discard self
        return UnsafePointer(memory)
    }

    deinit {
        UnsafeMutableRawPointer(base).deallocate()
    }
}
