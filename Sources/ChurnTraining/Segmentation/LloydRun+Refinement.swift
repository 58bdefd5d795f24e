extension LloydRun {
    /// Improves a converged partition by moving single points, each at once, for as long as that lowers the inertia.
    ///
    /// A point at squared distance `d_a` of its centroid, in a cluster of `n_a`, is worth moving to cluster b when
    /// `n_b / (n_b + 1) · d_b < n_a / (n_a - 1) · d_a`: that is the inertia after less the inertia before. Where no
    /// point is, Lloyd's algorithm has nothing left to do either, but not the other way round: this finds ways out of
    /// Lloyd's many shallow optima. Afterwards `converge` restores what it promises.
    ///
    /// - Parameters:
    ///   - limit: passes over all points.
    ///   - diagonal: no two points are further apart.
    /// - Returns: whether a point moved.
    /// - Source: Hartigan, Wong, Applied Statistics 28 (1979); Telgarsky, Vattani, AISTATS 2010.
    func movePoints(limit: Int, diagonal: Double) -> Bool {
        dimensions == 3 ? movePoints(limit, diagonal, 3) : movePoints(limit, diagonal, dimensions)
    }

    @inline(__always)
    private func movePoints(_ limit: Int, _ diagonal: Double, _ dimensions: Int) -> Bool {
        var anyMoved = false
        for _ in 0..<limit {
            var moved = false
            var reach = self.reach(diagonal)
            for block in 0..<blocks where recheckAt[block] - clock <= reach {
                let start = block &* Self.blockRows
                for row in start..<min(start &+ Self.blockRows, count) where moveIfBetter(row, dimensions) {
                    recheckAt[block] = -.infinity
                    reach = self.reach(diagonal)
                    moved = true
                }
            }
            if !moved { break }
            anyMoved = true
        }
        return anyMoved
    }

    /// A point whose second nearest centroid is further away than its own by more than this is not worth moving.
    private func reach(_ diagonal: Double) -> Double {
        var factor = (leaving: 1.0, joining: 1.0)
        for c in 0..<clusters {
            let size = Double(sizes[c])
            if size > 1 { factor.leaving = max(factor.leaving, size / (size - 1)) }
            factor.joining = max(factor.joining, (size + 1) / size)
        }
        return diagonal * ((factor.leaving * factor.joining).squareRoot() - 1) * (1 + 1e-6)
    }

    @inline(__always)
    private func moveIfBetter(_ row: Int, _ dimensions: Int) -> Bool {
        let from = label(row)
        guard sizes[from] > 1 else { return false }
        let here = squaredDistance(
            points,
            count: count,
            row: row,
            centroids + from &* dimensions,
            dimensions: dimensions
        )
        let size = Double(sizes[from])
        // A move must win more than rounding can: each then lowers the true inertia, and the passes come to an end.
        var best = size / (size - 1) * here * (1 - 1e-10)
        var to = -1
        for c in 0..<clusters where c != from {
            let there = squaredDistance(
                points,
                count: count,
                row: row,
                centroids + c &* dimensions,
                dimensions: dimensions
            )
            // Joining costs half the distance at least.
            guard there < 2 * best else { continue }
            let size = Double(sizes[c])
            let cost = size / (size + 1) * there
            if cost < best {
                best = cost
                to = c
            }
        }
        guard to >= 0 else { return false }
        move(row, from: from, to: to)
        return true
    }

    private func move(_ row: Int, from: Int, to: Int) {
        sizes[from] -= 1
        sizes[to] += 1
        labels[row] = Double(to)
        let left = centroids + from * dimensions
        let joined = centroids + to * dimensions
        var squares = (left: 0.0, joined: 0.0)
        for j in 0..<dimensions {
            let x = points[j * count + row]
            let step = (left: (left[j] - x) / Double(sizes[from]), joined: (x - joined[j]) / Double(sizes[to]))
            left[j] += step.left
            joined[j] += step.joined
            squares.left += step.left * step.left
            squares.joined += step.joined * step.joined
        }
        clock += squares.left.squareRoot() + squares.joined.squareRoot()
    }
}
