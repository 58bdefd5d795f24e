internal import ChurnKernelBaseline

extension LloydRun {
    /// Chooses points as first centroids by greedy k-means++: the first one uniformly; each further one with a
    /// probability proportional to its squared distance from the nearest chosen one, the best of a few such draws, the
    /// first of equally good ones.
    ///
    /// The chosen points differ from each other as long as there are as many distinct points.
    ///
    /// - Source: Arthur, Vassilvitskii, SODA 2007; the greedy draws are those of its section 5 and of scikit-learn
    ///   (`2 + floor(ln k)` draws).
    func seed(_ random: inout SegmentationRandom) {
        dimensions == 3 ? seed(&random, 3) : seed(&random, dimensions)
    }

    @inline(__always)
    private func seed(_ random: inout SegmentationRandom, _ dimensions: Int) {
        let draws = 2 + Self.naturalLogarithmFloor(clusters)
        choose(random.integer(below: count), as: 0)
        scratch.update(repeating: .infinity, count: count)
        var total = approach(0, dimensions)
        for cluster in 1..<max(1, clusters) {
            var bestRow = -1
            var bestTotal = Double.infinity
            for _ in 0..<draws {
                let row = draw(random.uniform() * total)
                let totalWithIt = potential(row, cluster, dimensions)
                if totalWithIt < bestTotal || bestRow < 0 {
                    bestTotal = totalWithIt
                    bestRow = row
                }
            }
            choose(bestRow, as: cluster)
            total = approach(cluster, dimensions)
        }
    }

    private static func naturalLogarithmFloor(_ x: Int) -> Int {
        var power = 2.718281828459045
        var floor = 0
        while power <= Double(x) {
            power *= 2.718281828459045
            floor += 1
        }
        return floor
    }

    private func choose(_ row: Int, as cluster: Int) {
        for j in 0..<dimensions { centroids[cluster * dimensions + j] = points[j * count + row] }
    }

    /// Lowers every point's squared distance to its nearest seed (in `scratch`) by a new seed; returns their sum.
    @inline(__always)
    private func approach(_ cluster: Int, _ dimensions: Int) -> Double {
        let seed = centroids + cluster &* dimensions
        var sums = lanes(0)
        var row = 0
        while row &+ 8 <= count {
            var least = load8(scratch + row)
            let distance = squaredDistances8(points, count: count, row: row, seed, dimensions: dimensions)
            least.replace(with: distance, where: distance .< least)
            store8(least, scratch + row)
            sums += least
            row &+= 8
        }
        var sum = laneSum(sums)
        while row < count {
            let distance = squaredDistance(points, count: count, row: row, seed, dimensions: dimensions)
            if distance < scratch[row] { scratch[row] = distance }
            sum += scratch[row]
            row &+= 1
        }
        return sum
    }

    /// The sum that ``approach(_:_:)`` would return for a seed at `row`.
    @inline(__always)
    private func potential(_ row: Int, _ cluster: Int, _ dimensions: Int) -> Double {
        choose(row, as: cluster)  // for the time being
        let seed = centroids + cluster &* dimensions
        var sums = lanes(0)
        var row = 0
        while row &+ 8 <= count {
            var least = load8(scratch + row)
            let distance = squaredDistances8(points, count: count, row: row, seed, dimensions: dimensions)
            least.replace(with: distance, where: distance .< least)
            sums += least
            row &+= 8
        }
        var sum = laneSum(sums)
        while row < count {
            let distance = squaredDistance(points, count: count, row: row, seed, dimensions: dimensions)
            sum += distance < scratch[row] ? distance : scratch[row]
            row &+= 1
        }
        return sum
    }

    /// The point at which the running sum of the squared distances passes `target`; never one that is a seed already.
    private func draw(_ target: Double) -> Int {
        // Eight at a time up to the right eight.
        var sum = 0.0
        var row = 0
        while row &+ 8 <= count {
            let next = sum + laneSum(load8(scratch + row))
            if next > target { break }
            sum = next
            row &+= 8
        }
        while row < count {
            sum += scratch[row]
            if sum > target, scratch[row] > 0 { return row }
            row &+= 1
        }
        // Rounding: the target lies beyond the end of this sum. The last point that is no seed, then.
        return (0..<count).last { scratch[$0] > 0 } ?? 0
    }
}
