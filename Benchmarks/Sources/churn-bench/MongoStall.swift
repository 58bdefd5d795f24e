internal import ArgumentParser
internal import ChurnFeatures
internal import ChurnServer
internal import ChurnStore
internal import Foundation
internal import NIOConcurrencyHelpers
internal import NIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Look-ups under load while the MongoDB server stands still: what callers get each second, how late they learn that they
/// are late, and how soon all is well again.
struct MongoStall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stops a MongoDB server in the middle of load, and prints a line a second."
    )

    @Option(help: "A store with features.")
    var store: String

    @Option(help: "The process of the MongoDB server, for SIGSTOP and SIGCONT.")
    var pid: Int32

    @Option(help: "Seconds of load before and after.")
    var around = 5

    @Option(help: "Seconds of silence.")
    var stall = 20

    @Option(help: "Calls at a time.")
    var callers = 64

    @Option(help: "The deadline of a call, in milliseconds.")
    var deadline: Int64 = 50

    private struct Tally: Sendable {
        var found = 0
        var late = 0
        var unavailable = 0
        var other = 0
        /// Nanoseconds from the deadline to the answer, of those that were late.
        var overshoots: [Int64] = []

        mutating func add(_ answer: FeatureLookup.Answer, _ overshoot: Int64) {
            switch answer {
            case .found, .unknown: found += 1
            case .late:
                late += 1
                overshoots.append(overshoot)
            case .unavailable: unavailable += 1
            case .overloaded, .stopping: other += 1
            }
        }
    }

    func run() async throws {
        guard case .mongodb(let uri) = try StoreLocation(parsing: store) else {
            throw ValidationError("\(store) is no MongoDB store")
        }
        let store = try MongoStore(uri: uri, access: .read, stallLimitMilliseconds: 5_000)
        let table = try store.loadFeatures()
        let customers = withExtendedLifetime(table) { Array(table.customers) }
        var configuration = FeatureLookup.Configuration()
        // Half of what is asked for is kept, the rest is not.
        configuration.cachedCustomers = max(1, customers.count / 2)
        let lookup = FeatureLookup(store: store, configuration: configuration)
        let tally = NIOLockedValueBox(Tally())
        let recovered = NIOLockedValueBox<(since: NIODeadline?, after: TimeAmount?)>((nil, nil))

        let load = Task {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<callers {
                    group.addTask {
                        while !Task.isCancelled, let customer = customers.randomElement() {
                            await call(customer, lookup, tally, recovered)
                        }
                    }
                }
            }
        }
        for second in 0..<(2 * around + stall) {
            if second == around { kill(pid, SIGSTOP) }
            if second == around + stall {
                kill(pid, SIGCONT)
                recovered.withLockedValue { $0.since = .now() }
            }
            try await Task.sleep(for: .seconds(1))
            let now = tally.withLockedValue { tally in
                defer { tally = Tally() }
                return tally
            }
            let sorted = now.overshoots.sorted()
            let p99 = sorted.isEmpty ? 0 : Double(sorted[min(sorted.count - 1, sorted.count * 99 / 100)]) / 1e6
            print(
                "{\"second\":\(second + 1),\"stalled\":\(second >= around && second < around + stall),"
                    + "\"found\":\(now.found),\"late\":\(now.late),\"unavailable\":\(now.unavailable),"
                    + "\"other\":\(now.other),\"overshoot_p99_ms\":\(p99),"
                    + "\"threads\":\(Self.status("Threads:")),\"rss_mib\":\(Self.status("VmRSS:") / 1_024)}"
            )
        }
        load.cancel()
        await load.value
        let after = recovered.withLockedValue { $0.after.map { Double($0.nanoseconds) / 1e6 } }
        print("{\"recovered_after_ms\":\(after.map { "\($0)" } ?? "null")}")
        await lookup.stop()
    }

    private func call(
        _ customer: Int64,
        _ lookup: FeatureLookup,
        _ tally: NIOLockedValueBox<Tally>,
        _ recovered: NIOLockedValueBox<(since: NIODeadline?, after: TimeAmount?)>
    ) async {
        let until = NIODeadline.now() + .milliseconds(deadline)
        let (answer, wasRead) = await withCheckedContinuation { continuation in
            let known = lookup.find(customer, until: until) { continuation.resume(returning: ($0, true)) }
            if let known { continuation.resume(returning: (known, false)) }
        }
        let now = NIODeadline.now()
        tally.withLockedValue { $0.add(answer, (now - until).nanoseconds) }
        if wasRead, case .found = answer {
            recovered.withLockedValue { if let since = $0.since, $0.after == nil { $0.after = now - since } }
        }
        // What is kept is answered at once; a caller asks for a hundred a second or so, and leaves the cores to others.
        if !wasRead { try? await Task.sleep(for: .milliseconds(10)) }
    }

    private static func status(_ name: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }
}
