internal import ArgumentParser
internal import ChurnBase
internal import ChurnClient
internal import ChurnFeatures
internal import ChurnStore
internal import Foundation
internal import NIOConcurrencyHelpers

/// A server of predictions under load while its MongoDB stands still: what callers get each second, how late they learn
/// that they are late, what Health says, and how soon all is well again.
struct StallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stall",
        abstract: "Stops the MongoDB of a server in the middle of load, and prints a line of JSON a second."
    )

    @Option(help: "The store of the server; its customers are asked for.")
    var store: String

    @Option(help: "The port of the server.")
    var port: Int

    @Option(help: "The process of the server, for its threads and memory.")
    var serverPid: Int32

    @Option(help: "The process of the MongoDB server, for SIGSTOP and SIGCONT.")
    var storePid: Int32

    @Option(help: "Seconds of load before and after.")
    var around = 5

    @Option(help: "Seconds of silence.")
    var stall = 20

    @Option(help: "Calls at a time.")
    var callers = 64

    @Option(help: "The deadline of a call, in milliseconds.")
    var deadline = 50

    private struct Tally: Sendable {
        var answered = 0
        var late = 0
        var unavailable = 0
        var other = 0
        /// From the deadline to the answer, of those that were late.
        var overshoots: [Duration] = []
    }

    /// The last call that failed after the store went on.
    private struct Recovery: Sendable {
        var begun: ContinuousClock.Instant?
        var lastFailure: ContinuousClock.Instant?
    }

    func run() async throws {
        let opened = try StoreLocation(parsing: store).open(.read, stallLimit: .seconds(5))
        let table = try opened.loadFeatures()
        let customers = withExtendedLifetime(table) { (0..<table.rowCount).map(table.customer(row:)) }
        let client = ChurnClient(configuration: try .init(port: port, timeout: .milliseconds(deadline)))
        let tally = NIOLockedValueBox(Tally())
        let recovery = NIOLockedValueBox(Recovery())
        let load = Task {
            await withTaskGroup { group in
                for _ in 0..<callers {
                    group.addTask {
                        while !Task.isCancelled, let customer = customers.randomElement() {
                            await call(customer, client, tally, recovery)
                        }
                    }
                }
            }
        }
        var isServingAgain: ContinuousClock.Instant?
        for second in 0..<(2 * around + stall) {
            if second == around { kill(storePid, SIGSTOP) }
            if second == around + stall {
                kill(storePid, SIGCONT)
                recovery.withLockedValue { $0.begun = .now }
            }
            // Health is asked for ten times a second, so that the time of its return is known that well.
            var state = "no answer"
            for _ in 0..<10 {
                try await Task.sleep(for: .milliseconds(100))
                guard let report = try? await client.health(timeout: .seconds(1)) else { continue }
                state = "\(report.state)"
                if second >= around + stall, report.state == .serving, isServingAgain == nil { isServingAgain = .now }
            }
            let now = tally.withLockedValue { tally in
                defer { tally = Tally() }
                return tally
            }
            let isStalled = second >= around && second < around + stall
            print(
                "{\"second\":\(second + 1),\"stalled\":\(isStalled),\"answered\":\(now.answered),\"late\":\(now.late),"
                    + "\"unavailable\":\(now.unavailable),\"other\":\(now.other),"
                    + "\"overshoot_p99_ms\":\(Self.p99(now.overshoots)),\"health\":\"\(state)\","
                    + "\"threads\":\(status("Threads:")),\"rss_mib\":\(status("VmRSS:") / 1_024)}"
            )
            fflush(nil)
        }
        load.cancel()
        await load.value
        await client.shutdown()
        let end = recovery.withLockedValue { $0 }
        func milliseconds(_ instant: ContinuousClock.Instant?) -> String {
            guard let begun = end.begun, let instant else { return "null" }
            return "\(Double((instant - begun) / .microseconds(1)) / 1_000)"
        }
        print(
            "{\"last_failure_after_ms\":\(milliseconds(end.lastFailure ?? end.begun)),"
                + "\"serving_after_ms\":\(milliseconds(isServingAgain))}"
        )
    }

    private func call(
        _ customer: Int64,
        _ client: ChurnClient,
        _ tally: NIOLockedValueBox<Tally>,
        _ recovery: NIOLockedValueBox<Recovery>
    ) async {
        let until = ContinuousClock.now + .milliseconds(deadline)
        do throws(ChurnError) {
            _ = try await client.predict(customerID: customer)
            tally.withLockedValue { $0.answered += 1 }
        } catch {
            let now = ContinuousClock.now
            // The calls in hand when it is over.
            if Task.isCancelled { return }
            tally.withLockedValue { tally in
                switch error.code {
                case .deadlineExceeded:
                    tally.late += 1
                    tally.overshoots.append(now - until)
                case .unavailable: tally.unavailable += 1
                default: tally.other += 1
                }
            }
            recovery.withLockedValue { if $0.begun != nil { $0.lastFailure = now } }
        }
        // A hundred calls a second or so of each caller: this is about faults, and leaves the cores to the servers.
        try? await Task.sleep(for: .milliseconds(10))
    }

    private static func p99(_ overshoots: [Duration]) -> Double {
        let sorted = overshoots.sorted()
        guard !sorted.isEmpty else { return 0 }
        return Double(sorted[min(sorted.count - 1, sorted.count * 99 / 100)] / .microseconds(1)) / 1_000
    }

    private func status(_ name: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(serverPid)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }
}
