internal import ChurnBase

extension FeatureTable {
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
        /// Empty until there is one.
        private var checks: [UInt64] = []
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
            if facts.id.isText, checks.isEmpty { checks = Array(repeating: 0, count: rowCount) }
            if facts.id.isText || !checks.isEmpty { checks.append(facts.check) }
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
                checks: checks,
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
