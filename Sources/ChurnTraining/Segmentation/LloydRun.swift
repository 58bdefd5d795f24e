internal import ChurnKernelBaseline

/// One restart's working memory: points, centroids, labels and the bounds that spare most distances.
///
/// Four points that follow each other (a block) need no look while no centroid can have lost one of them. Let m be
/// the least, over the points of a block, of the distance to the second nearest centroid less that to the nearest,
/// and let `clock` be the sum, over all updates so far, of the two farthest moves of a centroid. By the triangle
/// inequality the labels of the block stand until the clock has gone on by m: one number a block is kept
/// (`recheckAt`), one comparison made. (Hamerly's bounds, SDM 2010, doi 10.1137/1.9781611972801.12, folded into one
/// and shared by a block.) The bound is kept below its value by far more than rounding can be off: labels are those
/// of a search over all centroids, ties included.
///
/// The sums behind the centroids follow the labels that change, and are made anew, in a fixed order, before a run may
/// call itself converged.
final class LloydRun {
    let points: UnsafePointer<Double>
    let count: Int
    let dimensions: Int
    let clusters: Int
    let centroids: UnsafeMutablePointer<Double>
    /// Whole numbers: as doubles they come out of the comparison of distances.
    let labels: UnsafeMutablePointer<Double>
    let sizes: UnsafeMutablePointer<Int>
    /// Of each block: when the clock is here, its labels may no longer stand. Then eight infinities.
    let recheckAt: UnsafeMutablePointer<Double>
    /// How far centroids can have moved against each other so far.
    var clock = 0.0
    /// Squared distances of the points while seeds are drawn.
    let scratch: UnsafeMutablePointer<Double>
    private let sums: UnsafeMutablePointer<Double>

    /// Points of a block; the last block may have fewer.
    static let blockRows = 4
    /// `sumPoints` adds into this many sets in turn: one alone would wait for its own last addition on every point.
    private static let sumSets = 4
    /// Relative to distances and clock; 1024 coordinates and 10^6 updates lose at most 1e-12 and 1e-10 to rounding.
    @inline(__always) private static var caution: Double { 1e-9 }

    var blocks: Int { (count + Self.blockRows - 1) / Self.blockRows }

    /// - Parameter points: by columns; must outlive this object.
    init(points: UnsafePointer<Double>, count: Int, dimensions: Int, clusters: Int) {
        self.points = points
        self.count = count
        self.dimensions = dimensions
        self.clusters = clusters
        func zeros(_ count: Int) -> UnsafeMutablePointer<Double> {
            let memory = UnsafeMutablePointer<Double>.allocate(capacity: count)
            memory.initialize(repeating: 0, count: count)
            return memory
        }
        centroids = zeros(clusters * dimensions)
        labels = zeros(count)
        let blocks = (count + Self.blockRows - 1) / Self.blockRows
        recheckAt = zeros(blocks + 8)
        (recheckAt + blocks).update(repeating: .infinity, count: 8)
        scratch = zeros(count)
        sums = zeros(Self.sumSets * clusters * dimensions)
        sizes = .allocate(capacity: clusters)
        sizes.initialize(repeating: 0, count: clusters)
    }

    deinit {
        centroids.deallocate()
        labels.deallocate()
        recheckAt.deallocate()
        scratch.deallocate()
        sums.deallocate()
        sizes.deallocate()
    }

    /// Gives every point the nearest of `centroids`.
    func labelAll() {
        clock = 0
        recheckAt.update(repeating: -.infinity, count: blocks)
        _ = relabel()
    }

    /// Moves centroids to the means of their points and points to their nearest centroids until no label changes.
    ///
    /// Starts from `labels`. When it converges, the centroids are the means of the labelled points, summed in a fixed
    /// order, and the labels are the nearest centroids, ties to the lower index.
    /// - Returns: the updates made, and whether it converged within `limit` of them.
    func converge(limit: Int) -> (iterations: Int, isConverged: Bool) {
        sumPoints()
        var areSumsFresh = true
        for iteration in 1...limit {
            while let empty = (0..<clusters).first(where: { sizes[$0] == 0 }) {
                fill(empty)
                sumPoints()
                areSumsFresh = true
            }
            takeMeans()
            if relabel() > 0 {
                areSumsFresh = false
            } else if areSumsFresh {
                return (iteration, true)
            } else {
                sumPoints()
                areSumsFresh = true
            }
        }
        return (limit, false)
    }

    /// Sum of squared distances to the centroids: four compensated sums, each over every fourth point, added in order.
    func inertia() -> Double {
        var sums = (CompensatedSum(), CompensatedSum(), CompensatedSum(), CompensatedSum())
        var row = 0
        while row &+ 4 <= count {
            sums.0.add(distance(row, label(row)))
            sums.1.add(distance(row &+ 1, label(row &+ 1)))
            sums.2.add(distance(row &+ 2, label(row &+ 2)))
            sums.3.add(distance(row &+ 3, label(row &+ 3)))
            row &+= 4
        }
        while row < count {
            sums.0.add(distance(row, label(row)))
            row &+= 1
        }
        return (sums.0.value + sums.1.value) + (sums.2.value + sums.3.value)
    }

    @inline(__always)
    func label(_ row: Int) -> Int {
        Int(labels[row])
    }

    @inline(__always)
    func distance(_ row: Int, _ cluster: Int) -> Double {
        squaredDistance(points, count: count, row: row, centroids + cluster * dimensions, dimensions: dimensions)
    }
}

// MARK: - Centroids

extension LloydRun {
    private func sumPoints() {
        dimensions == 3 ? sumPoints(3) : sumPoints(dimensions)
    }

    @inline(__always)
    private func sumPoints(_ dimensions: Int) {
        let setLength = clusters * dimensions
        sums.update(repeating: 0, count: Self.sumSets * setLength)
        sizes.update(repeating: 0, count: clusters)
        var row = 0
        while row < count {
            let end = min(row &+ Self.sumSets, count)
            var set = sums
            while row < end {
                let cluster = label(row)
                let sum = set + cluster &* dimensions
                for j in 0..<dimensions { sum[j] += points[j &* count &+ row] }
                sizes[cluster] &+= 1
                set += setLength
                row &+= 1
            }
        }
        for index in 0..<setLength {
            sums[index] =
                (sums[index] + sums[setLength + index])
                + (sums[2 * setLength + index] + sums[3 * setLength + index])
        }
    }

    /// Gives an empty cluster the point that is farthest from its own centroid, the first one of several; not a point
    /// that is alone in its cluster. Clusters are filled by ascending index, one after another.
    ///
    /// With at least as many distinct points as clusters there always is such a point, and its distance is above 0:
    /// else each of the other clusters would have one distinct point only, which makes fewer than there are clusters.
    /// So the inertia falls, and this cannot go on for ever.
    private func fill(_ empty: Int) {
        var farthest = -1
        var distanceOfFarthest = -1.0
        for row in 0..<count where sizes[label(row)] > 1 {
            let distance = distance(row, label(row))
            if distance > distanceOfFarthest {
                distanceOfFarthest = distance
                farthest = row
            }
        }
        guard farthest >= 0 else { preconditionFailure("more clusters than distinct points") }
        for j in 0..<dimensions { centroids[empty * dimensions + j] = points[j * count + farthest] }
        labels[farthest] = Double(empty)
        // The centroid came from anywhere: no bound stands.
        recheckAt.update(repeating: -.infinity, count: blocks)
    }

    /// Replaces the centroids by the means and sets the clock.
    private func takeMeans() {
        var farthest = 0.0
        var secondFarthest = 0.0
        for c in 0..<clusters {
            var squares = 0.0
            for index in (c * dimensions)..<((c + 1) * dimensions) {
                let mean = sums[index] / Double(sizes[c])
                let step = mean - centroids[index]
                squares += step * step
                centroids[index] = mean
            }
            let move = squares.squareRoot()
            if move > farthest {
                secondFarthest = farthest
                farthest = move
            } else if move > secondFarthest {
                secondFarthest = move
            }
        }
        clock += farthest + secondFarthest
    }
}

// MARK: - Labels

extension LloydRun {
    private func relabel() -> Int {
        dimensions == 3 ? relabel3() : relabelOther()
    }

    // Functions of their own: one that holds both was too long for what it calls to be inlined.

    @inline(never)
    private func relabel3() -> Int {
        relabel(3)
    }

    @inline(never)
    private func relabelOther() -> Int {
        relabel(dimensions)
    }

    /// Looks at every block whose labels may have changed.
    ///
    /// - Returns: how many labels changed.
    @inline(__always)
    private func relabel(_ dimensions: Int) -> Int {
        let now = clock * (1 + Self.caution)
        let fullBlocks = count / Self.blockRows
        var changed = 0
        var block = 0
        // Beyond the full blocks, `recheckAt` is infinite or belongs to the last, shorter one.
        while block < fullBlocks {
            if Self.isAnyBelow(recheckAt + block, now) {
                for stale in block..<min(block &+ 8, fullBlocks) where recheckAt[stale] < now {
                    changed &+= relabelBlock(stale, dimensions)
                }
            }
            block &+= 8
        }
        if fullBlocks < blocks, recheckAt[fullBlocks] < now {
            changed &+= relabelLastRows(fullBlocks, dimensions)
        }
        return changed
    }

    /// Whether one of eight numbers is below `limit`; none may be NaN.
    @inline(__always)
    private static func isAnyBelow(_ numbers: UnsafePointer<Double>, _ limit: Double) -> Bool {
        let limits = SIMD2(repeating: limit)
        let signs =
            (unsafeBitCast(load2(numbers) - limits, to: SIMD2<UInt64>.self)
                | unsafeBitCast(load2(numbers + 2) - limits, to: SIMD2<UInt64>.self))
            | (unsafeBitCast(load2(numbers + 4) - limits, to: SIMD2<UInt64>.self)
                | unsafeBitCast(load2(numbers + 6) - limits, to: SIMD2<UInt64>.self))
        return (signs[0] | signs[1]) >> 63 != 0
    }

    @inline(__always)
    private func relabelBlock(_ block: Int, _ dimensions: Int) -> Int {
        let row = block &* Self.blockRows
        let (left, right) = nearest4(
            points,
            count: count,
            row: row,
            centroids,
            clusters: clusters,
            dimensions: dimensions
        )
        var gaps = Self.gap(left)
        let otherGaps = Self.gap(right)
        gaps.replace(with: otherGaps, where: otherGaps .< gaps)
        var seconds = left.second
        seconds.replace(with: right.second, where: right.second .> seconds)
        recheckAt[block] =
            clock
            + margin(
                gap: gaps[0] < gaps[1] ? gaps[0] : gaps[1],
                second: seconds[0] > seconds[1] ? seconds[0] : seconds[1]
            )
        return take(row, left.cluster, dimensions) &+ take(row &+ 2, right.cluster, dimensions)
    }

    @inline(__always)
    private static func gap(_ pair: NearestPair) -> SIMD2<Double> {
        pair.second * SIMD2(repeating: 1 - caution) - pair.best * SIMD2(repeating: 1 + caution)
    }

    /// Gives two points their clusters; returns how many changed.
    @inline(__always)
    private func take(_ row: Int, _ found: SIMD2<Double>, _ dimensions: Int) -> Int {
        let differences =
            unsafeBitCast(found, to: SIMD2<UInt64>.self)
            ^ unsafeBitCast(load2(labels + row), to: SIMD2<UInt64>.self)
        guard differences[0] | differences[1] != 0 else { return 0 }
        var changed = 0
        for lane in 0..<2 where differences[lane] != 0 {
            move(row &+ lane, to: found[lane], dimensions)
            changed &+= 1
        }
        return changed
    }

    /// The twin of `relabelBlock` for a block of fewer rows.
    @inline(__always)
    private func relabelLastRows(_ block: Int, _ dimensions: Int) -> Int {
        var changed = 0
        var gap = Double.infinity
        var second = 0.0
        for row in (block &* Self.blockRows)..<count {
            let found = nearest(
                points,
                count: count,
                row: row,
                centroids,
                clusters: clusters,
                dimensions: dimensions
            )
            gap = min(gap, found.second * (1 - Self.caution) - found.best * (1 + Self.caution))
            second = max(second, found.second)
            if labels[row] != found.cluster {
                move(row, to: found.cluster, dimensions)
                changed &+= 1
            }
        }
        recheckAt[block] = clock + margin(gap: gap, second: second)
        return changed
    }

    /// From below, the least distance to the second nearest centroid less that to the nearest: with squared distances s
    /// and b, `√s - √b = (s - b) / (√s + √b) >= (s - b) / 2√s`. Near points have much the same s, so one root does.
    ///
    /// - Parameters:
    ///   - gap: the least s - b of a block.
    ///   - second: the largest s of the block.
    @inline(__always)
    private func margin(gap: Double, second: Double) -> Double {
        // With one cluster there is no second one; without a gap the quotient could be 0 / 0.
        if clusters == 1 { return .infinity }
        return gap > 0 ? gap / (2 * second.squareRoot()) : 0
    }

    @inline(__always)
    private func move(_ row: Int, to cluster: Double, _ dimensions: Int) {
        let from = label(row)
        let to = Int(cluster)
        sizes[from] &-= 1
        sizes[to] &+= 1
        labels[row] = cluster
        for j in 0..<dimensions {
            let x = points[j &* count &+ row]
            sums[from &* dimensions &+ j] -= x
            sums[to &* dimensions &+ j] += x
        }
    }
}
