internal import CCPU
package import ChurnBase

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
/// Two pieces of raw memory. The rows: the number of each customer's id, then what the `RowLayout` says, so that the look-up ends in the
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
    /// By row, 0 of numbers; empty when no customer's id is a text.
    private let checks: [UInt64]

    /// The row of a customer whose id is a number, 0 ..< `rowCount`, or nil when the table has none. A number below 0 is no
    /// id of a number, and has none.
    @inlinable
    package func row(of customer: Int64) -> Int? {
        customer > 0 ? row(numbered: customer) : nil
    }

    /// The row of a customer, or nil when the table has none, or has another one with the same number there.
    package func row(of customer: CustomerID) -> Int? {
        guard customer.isText else { return row(of: customer.number) }
        guard !checks.isEmpty, let row = row(numbered: customer.number), checks[row] == customer.check else {
            return nil
        }
        return row
    }

    @inlinable
    func row(numbered customer: Int64) -> Int? {
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
    ///   - customers: `count` ids that are numbers; one below 0 has no row.
    ///   - found: `[count]`, overwritten.
    ///   - columns: what the caller reads next of each row; it is asked for as well.
    package func findRows(
        of customers: UnsafePointer<Int64>,
        count: Int,
        into found: UnsafeMutablePointer<Int32>,
        reading columns: Range<Int>
    ) {
        // Nobody has the number 0.
        findRows(count: count, into: found, reading: columns) { max(customers[$0], 0) }
    }

    /// The same for ids of any kind.
    ///
    /// - Parameters:
    ///   - customers: the numbers of `count` ids.
    ///   - checks: the checks of the same ids.
    package func findRows(
        of customers: UnsafePointer<Int64>,
        _ checks: UnsafePointer<UInt64>,
        count: Int,
        into found: UnsafeMutablePointer<Int32>,
        reading columns: Range<Int>
    ) {
        findRows(count: count, into: found, reading: columns) { customers[$0] }
        for index in 0..<count where found[index] >= 0 && customers[index] < 0 {
            if self.checks.isEmpty || self.checks[Int(found[index])] != checks[index] { found[index] = -1 }
        }
    }

    /// - Parameter number: of the id at that index.
    @inline(__always)
    private func findRows(
        count: Int,
        into found: UnsafeMutablePointer<Int32>,
        reading columns: Range<Int>,
        number: (Int) -> Int64
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
                    let hash = Self.mix(number(start + index))
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
                    if row >= 0, customer(row: row) != number(index) {
                        found[index] = Int32(truncatingIfNeeded: self.row(numbered: number(index)) ?? -1)
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

    /// The number of a row's customer; rows are in the order in which they were appended.
    ///
    /// - Precondition: as for `features(row:)`.
    @inlinable
    package func customer(row: Int) -> Int64 {
        assert(row >= 0 && row < rowCount)
        return Int64(bitPattern: rows[row &* stride].bitPattern)
    }

    /// The customers' numbers by row, copied.
    package var customers: [Int64] { (0..<rowCount).map(customer(row:)) }

    /// The customer of a row.
    package func id(row: Int) -> CustomerID {
        CustomerID(number: customer(row: row), check: checks.isEmpty ? 0 : checks[row])
    }

    /// The position of a row's segment in `segmentNames`; nil when it has none.
    package func segment(row: Int) -> Int? {
        let segment = segments[row]
        return segment == Self.noSegment ? nil : Int(segment)
    }

    static let noSegment = UInt8.max
    /// Segments of one table: what a byte holds but for `noSegment`.
    package static let segmentLimit = 255

    /// Bytes of memory held for the index, the rows and the checks.
    package var residentBytes: Int {
        (mask + 1) * MemoryLayout<UInt32>.stride + rowCount * stride * MemoryLayout<Double>.stride
            + checks.count * MemoryLayout<UInt64>.stride
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

    init(
        context: BuildContext,
        generation: Int64,
        identity: UInt64,
        rowCount: Int,
        hasProducts: Bool,
        segmentNames: [String],
        segments: [UInt8],
        checks: [UInt64],
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
        self.checks = checks
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
}
