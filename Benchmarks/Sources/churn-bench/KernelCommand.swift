internal import ArgumentParser
internal import CKernelTwin
internal import ChurnModel

/// Row 7: the scoring kernel of every level that this processor has, against the same algorithm in C.
struct KernelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernel",
        abstract: "Times the scoring kernels beside their C twins and compares every bit of their answers."
    )

    @Flag(help: "Few rows and few runs: for tests.")
    var tiny = false

    @Option(help: "Interleaved runs; the median counts.")
    var runs = 9

    func run() throws {
        let sizes = tiny ? [1_003, 20_000] : [4_096, 10_000_000]
        let batch = Batch(rows: sizes.max() ?? 0, columns: 12)
        for level in CPULevel.available {
            for rows in sizes {
                for count in [3, 12] {
                    let comparison = Comparison(
                        level: level,
                        batch: batch,
                        rows: rows,
                        count: count,
                        rowsPerRun: tiny ? 100_000 : 20_000_000
                    )
                    print(try comparison.line(runs: tiny ? 3 : runs))
                }
            }
        }
    }
}

/// Made-up columns, and room for the probabilities of both sides.
private final class Batch {
    let rows: Int
    let columns: [UnsafePointer<Double>]
    let weights: [Double]
    let bias = -0.75
    let ours: UnsafeMutablePointer<Double>
    let theirs: UnsafeMutablePointer<Double>

    init(rows: Int, columns count: Int) {
        self.rows = rows
        var random = SystemRandomNumberGenerator()
        var state = random.next()
        columns = (0..<count).map { _ in
            let column = UnsafeMutablePointer<Double>.allocate(capacity: rows)
            for row in 0..<rows {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                column[row] = Double(Int64(bitPattern: state) >> 11) * 0x1p-50  // -8 ..< 8
            }
            return UnsafePointer(column)
        }
        weights = (1...count).map { 0.9 / Double($0.isMultiple(of: 2) ? -$0 : $0) }
        ours = .allocate(capacity: rows)
        theirs = .allocate(capacity: rows)
        ours.initialize(repeating: 0, count: rows)
        theirs.initialize(repeating: 0, count: rows)
    }

    deinit {
        for column in columns { column.deallocate() }
        ours.deallocate()
        theirs.deallocate()
    }
}

private struct Comparison {
    let level: CPULevel
    let batch: Batch
    let rows: Int
    let count: Int
    let rowsPerRun: Int

    private typealias Twin = (
        UnsafePointer<UnsafePointer<Double>?>?, UnsafePointer<Double>?, Int, Double, Int, UnsafeMutablePointer<Double>?
    ) -> Void

    /// Both ways to write it in C; the faster one is the peer.
    private var twins: [(name: String, score: Twin)] {
        #if arch(x86_64)
            switch level {
            case .baseline: break
            case .v3: return [("C vectors", churn_twin_vectors_v3), ("C loops", churn_twin_loops_v3)]
            case .v4: return [("C vectors", churn_twin_vectors_v4), ("C loops", churn_twin_loops_v4)]
            }
        #endif
        return [("C vectors", churn_twin_vectors_baseline), ("C loops", churn_twin_loops_baseline)]
    }

    func line(runs: Int) throws -> String {
        let twins = twins
        let optionalColumns = batch.columns.map(Optional.some)
        var ours: [Double] = []
        var theirs = [[Double]](repeating: [], count: twins.count)
        for _ in 0..<runs {
            ours.append(
                nanosecondsPerRow {
                    level.scoreColumns(
                        columns: batch.columns,
                        weights: batch.weights,
                        count: count,
                        bias: batch.bias,
                        rows: rows,
                        probabilities: batch.ours
                    )
                }
            )
            for (index, twin) in twins.enumerated() {
                theirs[index].append(
                    nanosecondsPerRow {
                        twin.score(optionalColumns, batch.weights, count, batch.bias, rows, batch.theirs)
                    }
                )
                try compare(with: twin.name)
            }
        }
        let peers = zip(twins, theirs).map { (name: $0.name + ", clang -O3", value: median($1)) }
        let best = peers.map(\.value).min() ?? .nan
        let value = median(ours)
        let ratio = value / best
        let peerText = peers.map { #"{"name":"\#($0.name)","value":\#(rounded($0.value))}"# }.joined(separator: ",")
        return #"{"row":"7","measure":"kernel \#(level.rawValue), k = \#(count), \#(rows) rows","unit":"ns/row","#
            + #""ours":\#(rounded(value)),"peers":[\#(peerText)],"ratio":\#(rounded(ratio)),"goal":"<= 1.1","#
            + #""met":\#(ratio <= 1.1),"runs":\#(runs),"note":"the faster twin counts; every bit compared"}"#
    }

    private func nanosecondsPerRow(_ body: () -> Void) -> Double {
        let repetitions = max(1, rowsPerRun / rows)
        let clock = ContinuousClock()
        let time = clock.measure { for _ in 0..<repetitions { body() } }
        return time / .nanoseconds(1) / Double(repetitions * rows)
    }

    private func compare(with twin: String) throws {
        for row in 0..<rows where batch.ours[row].bitPattern != batch.theirs[row].bitPattern {
            throw WrongAnswer(
                description: "\(level.rawValue), row \(row): \(batch.ours[row]) here, \(batch.theirs[row]) by \(twin)"
            )
        }
        batch.theirs.update(repeating: .nan, count: rows)
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted[sorted.count / 2]
    }

    private func rounded(_ value: Double) -> Double {
        (value * 1_000).rounded() / 1_000
    }
}

private struct WrongAnswer: Error, CustomStringConvertible {
    var description: String
}
