internal import ArgumentParser
internal import ChurnBase
internal import ChurnClient
internal import Foundation
internal import NIOConcurrencyHelpers
internal import NIOCore

/// Calls while servers come and go: over connections that last, and over connections that are opened for a few calls each.
/// Every answer is checked. The status is 1 when a call failed.
struct DeployLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Calls a server through deploys, and prints a line a second: who answered, and what failed.",
        discussion: "Ends when it has made its calls and something has come on its standard input, or that has ended."
    )

    @Option(help: "Where the server listens, on 127.0.0.1.")
    var port: Int

    @Option(help: "Calls to make, at the least.")
    var calls = 1_000_000

    @Option(help: "A customer that the server knows.")
    var customer: Int64

    @Option(help: "Connections that last, with eight calls in flight each.")
    var lasting = 4

    @Option(help: "Connections at a time that are opened anew, for eight calls each.")
    var fresh = 4

    private static let depth = 8

    private struct Tally: Sendable {
        var answers: [String: Int] = [:]
        var failures = 0
        var connections = 0
        var slowest = Duration.zero

        var calls: Int { answers.values.reduce(failures, +) }

        mutating func add(_ other: Tally) {
            answers.merge(other.answers, uniquingKeysWith: +)
            failures += other.failures
            connections += other.connections
            slowest = max(slowest, other.slowest)
        }
    }

    /// What all tasks share: counts, and what the answer must be.
    private final class Book: Sendable {
        private struct State {
            var second = Tally()
            var total = 0
            var probability: Double?
            var shownFailures = 0
            var mayEnd = false
        }

        private let state = NIOLockedValueBox(State())
        private let calls: Int

        init(calls: Int) {
            self.calls = calls
        }

        var isOver: Bool { state.withLockedValue { $0.total >= calls && $0.mayEnd } }

        func mayEnd() { state.withLockedValue { $0.mayEnd = true } }

        func opened() { state.withLockedValue { $0.second.connections += 1 } }

        /// Versions of these servers differ in their name and not in their coefficients: the answer is always the same.
        func answered(_ prediction: Prediction, after latency: Duration) {
            let right = state.withLockedValue { state in
                state.probability = state.probability ?? prediction.probability
                guard state.probability == prediction.probability else { return false }
                state.total += 1
                state.second.answers["\(prediction.model.name)@\(prediction.model.version)", default: 0] += 1
                state.second.slowest = max(state.second.slowest, latency)
                return true
            }
            if !right { failed("a wrong answer: \(prediction.probability)", after: latency) }
        }

        func failed(_ reason: String, after latency: Duration) {
            let isShown = state.withLockedValue { state in
                state.total += 1
                state.second.failures += 1
                state.second.slowest = max(state.second.slowest, latency)
                state.shownFailures += 1
                return state.shownFailures <= 20
            }
            if isShown { say("failed after \(latency): \(reason)") }
        }

        func takeSecond() -> Tally {
            state.withLockedValue { state in
                defer { state.second = Tally() }
                return state.second
            }
        }
    }

    func run() async throws {
        let book = Book(calls: calls)
        let configuration = try ChurnClient.Configuration(port: port)
        // A thread of its own, which ends with the process at the latest.
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while read(STDIN_FILENO, &byte, 1) < 0, errno == EINTR {}
            book.mayEnd()
        }
        let total = await withTaskGroup { tasks in
            for _ in 0..<lasting {
                tasks.addTask { await use(configuration, book) { !book.isOver } }
            }
            for _ in 0..<fresh {
                tasks.addTask {
                    while !book.isOver {
                        await use(configuration, book, callsEach: 1) { !book.isOver }
                    }
                }
            }
            let timeline = Task {
                var total = Tally()
                var second = 0
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    second += 1
                    let tally = book.takeSecond()
                    total.add(tally)
                    say(Self.line("\(second) s", tally, total.calls))
                }
                return total
            }
            await tasks.waitForAll()
            timeline.cancel()
            return await timeline.value
        }
        say(Self.line("all", total, total.calls))
        guard total.failures == 0 else { throw ExitCode.failure }
    }

    /// One connection (but for what deploys do to it), with `depth` callers.
    private func use(
        _ configuration: ChurnClient.Configuration,
        _ book: Book,
        callsEach: Int = .max,
        while goesOn: @escaping @Sendable () -> Bool
    ) async {
        book.opened()
        let client = ChurnClient(configuration: configuration)
        await withTaskGroup { tasks in
            for _ in 0..<Self.depth {
                tasks.addTask {
                    var left = callsEach
                    while left > 0, goesOn() {
                        left -= 1
                        let begun = ContinuousClock.now
                        do {
                            let prediction = try await client.predict(customerID: customer)
                            book.answered(prediction, after: ContinuousClock.now - begun)
                        } catch {
                            book.failed("\(error)", after: ContinuousClock.now - begun)
                        }
                    }
                }
            }
        }
        await client.shutdown()
    }

    private static func line(_ time: String, _ tally: Tally, _ total: Int) -> String {
        let slowest =
            Double(tally.slowest.components.attoseconds / 1_000_000_000_000_000)
            + 1_000 * Double(tally.slowest.components.seconds)
        let versions = tally.answers.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return "\(time): \(tally.calls) calls, \(tally.failures) failed, \(tally.connections) connections opened, "
            + "slowest \(Int(slowest)) ms; \(versions); \(total) so far"
    }
}

/// A line that is out at once, whoever reads it.
private func say(_ line: String) {
    var text = line + "\n"
    text.withUTF8 { _ = write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}
