/// `n` points of `d` coordinates, checked: `1 <= d <= 1024`, at least one point, finite coordinates of ordinary size.
///
/// Held by columns, so that a kernel reads eight consecutive points at once.
package struct PointMatrix: Equatable, Sendable {
    /// n, at least 1.
    package let count: Int
    /// d.
    package let dimensions: Int
    /// Coordinate `j` of point `i` at `j · count + i`.
    let values: [Double]

    /// - Parameter columns: `d` columns of `n` values.
    /// - Throws: `wrongShape`, `noPoints`, `tooManyPoints`, `invalidValue`.
    package init(columns: [[Double]]) throws(SegmentationError) {
        try SegmentationError.check("dimensions", columns.count, in: 1...SegmentationLimits.dimensions)
        let rows = columns[0].count
        try Self.checkCount(rows)
        for (index, column) in columns.enumerated() where column.count != rows {
            throw .wrongShape("column \(index) has \(column.count) values, column 0 has \(rows)")
        }
        for (index, column) in columns.enumerated() {
            for (row, value) in column.enumerated() where !Self.isValid(value) {
                throw .invalidValue(row: row, column: index, found: "\(value)")
            }
        }
        count = rows
        dimensions = columns.count
        values = columns.flatMap(\.self)
    }

    /// - Parameter rowMajor: the coordinates of the first point, then those of the second, and so on.
    /// - Throws: as ``init(columns:)``.
    package init(rowMajor: [Double], dimensions: Int) throws(SegmentationError) {
        try SegmentationError.check("dimensions", dimensions, in: 1...SegmentationLimits.dimensions)
        guard rowMajor.count % dimensions == 0 else {
            throw .wrongShape("\(rowMajor.count) values are not a whole number of points of \(dimensions) coordinates")
        }
        let rows = rowMajor.count / dimensions
        try Self.checkCount(rows)
        for (index, value) in rowMajor.enumerated() where !Self.isValid(value) {
            throw .invalidValue(row: index / dimensions, column: index % dimensions, found: "\(value)")
        }
        count = rows
        self.dimensions = dimensions
        values = (0..<dimensions).flatMap { column in
            stride(from: column, to: rowMajor.count, by: dimensions).map { rowMajor[$0] }
        }
    }

    private init(count: Int, dimensions: Int, values: [Double]) {
        self.count = count
        self.dimensions = dimensions
        self.values = values
    }

    private static func checkCount(_ rows: Int) throws(SegmentationError) {
        guard rows > 0 else { throw .noPoints }
        guard rows <= SegmentationLimits.points else {
            throw .tooManyPoints(limit: SegmentationLimits.points, found: rows)
        }
    }

    /// False for NaN.
    private static func isValid(_ value: Double) -> Bool {
        value.magnitude <= SegmentationLimits.magnitude
    }

    /// The points in the order of `rows`; a row may stand there more than once.
    func gathering(_ rows: [Int]) -> PointMatrix {
        var gathered: [Double] = []
        gathered.reserveCapacity(rows.count * dimensions)
        for column in 0..<dimensions {
            for row in rows { gathered.append(values[column * count + row]) }
        }
        return PointMatrix(count: rows.count, dimensions: dimensions, values: gathered)
    }

    /// The rows along a curve that keeps near points together (Morton's Z-order, 16 bits each of the first four
    /// coordinates), then by their coordinates, the first one first; equal points by their row.
    ///
    /// Whatever runs over the points in this order does not depend on the order in which a store returned them; and
    /// points that follow each other mostly have the same nearest centroid.
    /// - Complexity: O(n log n).
    func canonicalOrder() -> [Int] {
        let keys = mortonKeys()
        return values.withUnsafeBufferPointer { values in
            var rows = keys.enumerated().map { (key: $1, row: $0) }
            rows.sort { left, right in
                if left.key != right.key { return left.key < right.key }
                for column in 0..<dimensions {
                    let a = values[column * count + left.row]
                    let b = values[column * count + right.row]
                    if a != b { return a < b }
                }
                return left.row < right.row
            }
            return rows.map(\.row)
        }
    }

    private func mortonKeys() -> [UInt64] {
        let columns = min(dimensions, 4)
        let ranges = (0..<columns).map { column in
            let part = values[(column * count)..<((column + 1) * count)]
            return (least: part.min() ?? 0, most: part.max() ?? 0)
        }
        // One scale for all: cells are cubes.
        let width = ranges.map { $0.most - $0.least }.max() ?? 0
        guard width > 0 else { return Array(repeating: 0, count: count) }
        var keys = Array(repeating: UInt64(0), count: count)
        for (column, range) in ranges.enumerated() {
            for row in 0..<count {
                let cell = UInt64((values[column * count + row] - range.least) / width * 65_535)
                keys[row] |= Self.spread(cell) << UInt64(columns - 1 - column)
            }
        }
        return keys
    }

    /// Puts three zeros before each of the low 16 bits.
    private static func spread(_ bits: UInt64) -> UInt64 {
        var x = bits & 0xffff
        x = (x | x << 24) & 0x0000_00ff_0000_00ff
        x = (x | x << 12) & 0x000f_000f_000f_000f
        x = (x | x << 6) & 0x0303_0303_0303_0303
        x = (x | x << 3) & 0x1111_1111_1111_1111
        return x
    }

    /// The length of the diagonal of the box around the points: no two are further apart.
    func diagonal() -> Double {
        var squares = 0.0
        for column in 0..<dimensions {
            let part = values[(column * count)..<((column + 1) * count)]
            let width = (part.max() ?? 0) - (part.min() ?? 0)
            squares += width * width
        }
        return squares.squareRoot()
    }

    /// How many points differ from each other, counted up to `limit`. The points must be in canonical order.
    func distinctCount(upTo limit: Int) -> Int {
        var distinct = 1
        var row = 1
        while distinct < limit, row < count {
            if (0..<dimensions).contains(where: { values[$0 * count + row] != values[$0 * count + row - 1] }) {
                distinct += 1
            }
            row += 1
        }
        return min(distinct, limit)
    }
}
