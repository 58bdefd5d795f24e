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

/// The resident features: customer id -> row of doubles. Built once by `Builder`, then only read.
///
/// Two pieces of raw memory: an open-addressing index with a load of at most one half, whose entries hold the id and
/// the row together (one cache line a look-up), and the rows, row-major `[rowCount][featureCount]`, 64-byte aligned. A
/// look-up takes no lock, does no reference counting and allocates nothing.
///
/// **Lifetime.** `features(row:)` and `customers` point into the table and are valid only while it lives. Swift may
/// release an object after its last use, which is not the last use of a pointer taken from it: hold the table in a
/// stored property for the time, or read inside `withExtendedLifetime(table) { ... }`.
///
/// `@unchecked Sendable`: nothing writes to the memory after `Builder.finish()` has handed it over, and nobody but this
/// object frees it.
package final class FeatureTable: @unchecked Sendable {
    package let schema: FeatureSchema
    package let context: BuildContext
    /// The number of the build that the rows come from.
    package let generation: Int64
    package let rowCount: Int
    /// Doubles a row, equal to `schema.names.count`.
    package let featureCount: Int
    /// Names of the customers' segments; empty when they were not segmented.
    package let segmentNames: [String]
    /// Position in `segmentNames` by row, or `noSegment`.
    private let segments: [UInt8]
    @usableFromInline let entries: UnsafePointer<Entry>
    /// Number of entries, a power of two, minus 1.
    @usableFromInline let mask: Int
    @usableFromInline let values: UnsafePointer<Double>
    @usableFromInline let customerIds: UnsafePointer<Int64>

    /// One place of the index. A free one has row -1: every `Int64` is a possible id.
    @usableFromInline
    struct Entry: BitwiseCopyable {
        @usableFromInline var customer: Int64
        @usableFromInline var row: Int32
    }

    /// The row of a customer, 0 ..< `rowCount`, or nil when the table has none.
    @inlinable
    package func row(of customer: Int64) -> Int? {
        var place = Int(truncatingIfNeeded: Self.mix(customer)) & mask
        // At least half of the entries are free, so the loop ends.
        while true {
            let entry = entries[place]
            if entry.row < 0 { return nil }
            if entry.customer == customer { return Int(entry.row) }
            place = (place + 1) & mask
        }
    }

    /// The `featureCount` doubles of a row. See "Lifetime" above.
    ///
    /// - Precondition: `row` is in 0 ..< `rowCount`; checked in debug builds only.
    @inlinable
    package func features(row: Int) -> UnsafePointer<Double> {
        assert(row >= 0 && row < rowCount)
        return values + row &* featureCount
    }

    /// The customer ids by row, in the order they were appended. See "Lifetime" above.
    @inlinable
    package var customers: UnsafeBufferPointer<Int64> {
        UnsafeBufferPointer(start: customerIds, count: rowCount)
    }

    /// The position of a row's segment in `segmentNames`; nil when it has none.
    package func segment(row: Int) -> Int? {
        let segment = segments[row]
        return segment == Self.noSegment ? nil : Int(segment)
    }

    private static let noSegment = UInt8.max
    /// Segments of one table: what a byte holds but for `noSegment`.
    package static let segmentLimit = 255

    /// Bytes of raw memory held for the index, the ids and the rows.
    package var residentBytes: Int {
        (mask + 1) * MemoryLayout<Entry>.stride
            + rowCount * (MemoryLayout<Int64>.stride + featureCount * MemoryLayout<Double>.stride)
    }

    /// Spreads ids, which are often consecutive, over all bits: variant 13 of Stafford's finalisers, as in SplitMix64.
    @inlinable
    static func mix(_ customer: Int64) -> UInt64 {
        var bits = UInt64(bitPattern: customer)
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }

    private init(
        schema: FeatureSchema,
        context: BuildContext,
        generation: Int64,
        rowCount: Int,
        segmentNames: [String],
        segments: [UInt8],
        index: consuming AlignedMemory<Entry>,
        entryCount: Int,
        ids: consuming AlignedMemory<Int64>,
        rows: consuming AlignedMemory<Double>
    ) {
        self.schema = schema
        self.context = context
        self.generation = generation
        self.rowCount = rowCount
        featureCount = schema.names.count
        self.segmentNames = segmentNames
        self.segments = segments
        mask = entryCount - 1
        // Adopted: `deinit` frees them.
        entries = index.release()
        customerIds = ids.release()
        values = rows.release()
    }

    deinit {
        UnsafeMutableRawPointer(mutating: entries).deallocate()
        UnsafeMutableRawPointer(mutating: customerIds).deallocate()
        UnsafeMutableRawPointer(mutating: values).deallocate()
    }

    /// Collects the customers of one build, in any order, and makes the table of them.
    package struct Builder: ~Copyable {
        /// Rows of one table; their number fits the index's `Int32`.
        package static let rowLimit = Int(Int32.max)

        private let schema: FeatureSchema
        private let context: BuildContext
        private let generation: Int64
        private let segmentNames: [String]
        private var segments: [UInt8] = []
        private var rowCount = 0
        private var capacity: Int
        private var ids: AlignedMemory<Int64>
        private var rows: AlignedMemory<Double>

        /// - Parameters:
        ///   - segmentNames: at most `segmentLimit`; the rest is left out.
        ///   - reservedRows: the number of customers to come, when known; the memory grows beyond it.
        package init(
            schema: FeatureSchema = .current,
            context: BuildContext,
            generation: Int64,
            segmentNames: [String] = [],
            reservedRows: Int = 0
        ) {
            self.segmentNames = Array(segmentNames.prefix(FeatureTable.segmentLimit))
            self.schema = schema
            self.context = context
            self.generation = generation
            capacity = min(max(reservedRows, 16), Self.rowLimit)
            ids = AlignedMemory(count: capacity)
            rows = AlignedMemory(count: capacity * schema.names.count)
        }

        /// Writes the customer's features to the next row.
        ///
        /// - Parameter segment: a position in `segmentNames`; any other is none.
        package mutating func append(_ facts: CustomerFacts, segment: Int? = nil) throws(FeatureTableError) {
            if rowCount == capacity {
                guard capacity < Self.rowLimit else { throw .tooManyRows(limit: Self.rowLimit) }
                grow()
            }
            let width = schema.names.count
            let row = UnsafeMutableBufferPointer(start: rows.base + rowCount * width, count: width)
            schema.write(facts, context, to: row)
            ids.base[rowCount] = facts.customer
            let known = segment.flatMap { segmentNames.indices.contains($0) ? UInt8($0) : nil }
            segments.append(known ?? FeatureTable.noSegment)
            rowCount += 1
        }

        /// The finished table.
        ///
        /// - Throws: `duplicateCustomer` when two rows have the same customer.
        package consuming func finish() throws(FeatureTableError) -> FeatureTable {
            var entryCount = 2
            while entryCount < rowCount * 2 { entryCount *= 2 }
            let index = AlignedMemory<Entry>(count: entryCount)
            let entries = index.base
            entries.initialize(repeating: Entry(customer: 0, row: -1), count: entryCount)
            let customers = ids.base
            for row in 0..<rowCount {
                let customer = customers[row]
                var place = Int(truncatingIfNeeded: FeatureTable.mix(customer)) & (entryCount - 1)
                while entries[place].row >= 0 {
                    guard entries[place].customer != customer else { throw .duplicateCustomer(customer) }
                    place = (place + 1) & (entryCount - 1)
                }
                entries[place] = Entry(customer: customer, row: Int32(row))
            }
            return FeatureTable(
                schema: schema,
                context: context,
                generation: generation,
                rowCount: rowCount,
                segmentNames: segmentNames,
                segments: segments,
                index: index,
                entryCount: entryCount,
                ids: ids,
                rows: rows
            )
        }

        private mutating func grow() {
            let grown = capacity > Self.rowLimit / 2 ? Self.rowLimit : capacity * 2
            let width = schema.names.count
            ids = AlignedMemory(count: grown, copying: ids.base, usedCount: rowCount)
            rows = AlignedMemory(count: grown * width, copying: rows.base, usedCount: rowCount * width)
            capacity = grown
        }
    }
}

/// Owns uninitialised memory that starts at a cache line, until `release` gives it away.
private struct AlignedMemory<Element: BitwiseCopyable>: ~Copyable {
    let base: UnsafeMutablePointer<Element>

    init(count: Int) {
        base = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Element>.stride, alignment: 64)
            .bindMemory(to: Element.self, capacity: count)
    }

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
