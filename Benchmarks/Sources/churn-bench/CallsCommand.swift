internal import ArgumentParser
internal import ChurnClient
internal import Foundation
internal import NIOConcurrencyHelpers

/// Calls by id through ChurnClient from many tasks at a time, each customer once: what a server that looks its customers
/// up does when none of them is known to it yet.
struct CallsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calls",
        abstract: "Asks a server for distinct customers, checks what it answers, and prints a line of JSON."
    )

    @Option(help: "The port of the server.")
    var port: Int

    @Option(help: "The customers: 16 bytes each, id (int64) and probability (double), little-endian.")
    var ids: String

    @Option(help: "How many of them.")
    var calls = 10_000

    @Option(help: "Calls at a time.")
    var callers = 256

    @Option(help: "The deadline of a call, in milliseconds.")
    var deadline = 1_000

    private struct WrongAnswer: Error {}

    private struct Tally: Sendable {
        var latencies: [Duration] = []
        var late = 0
    }

    func run() async throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: ids))
        let customers = bytes.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count / 16 * 16, by: 16).map { at in
                (
                    id: Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int64.self)),
                    probability: Double(
                        bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self))
                    )
                )
            }
        }
        guard customers.count >= calls else { throw ValidationError("\(ids) has fewer than \(calls) customers") }
        let client = ChurnClient(configuration: try .init(port: port, timeout: .milliseconds(deadline)))
        // The connection is made before the clock runs.
        _ = try await client.health()
        let tally = NIOLockedValueBox(Tally())
        let taken = try await ContinuousClock().measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<callers {
                    group.addTask {
                        for index in stride(from: caller, to: calls, by: callers) {
                            try await call(customers[index], client, tally)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        await client.shutdown()
        let (latencies, late) = tally.withLockedValue { ($0.latencies.sorted(), $0.late) }
        func milliseconds(_ share: Double) -> Double {
            latencies[min(latencies.count - 1, Int(Double(latencies.count) * share))] / .milliseconds(1)
        }
        print(
            "{\"calls_a_second\":\(Double(calls) / (taken / .seconds(1))),\"p50_ms\":\(milliseconds(0.5)),"
                + "\"p99_ms\":\(milliseconds(0.99)),\"late\":\(late)}"
        )
    }

    private func call(
        _ customer: (id: Int64, probability: Double),
        _ client: ChurnClient,
        _ tally: NIOLockedValueBox<Tally>
    ) async throws {
        let start = ContinuousClock.now
        do {
            let answer = try await client.predict(customerID: customer.id)
            guard abs(answer.probability - customer.probability) <= 1e-12 else { throw WrongAnswer() }
        } catch let error as ChurnError where error.code == .deadlineExceeded {
            tally.withLockedValue { $0.late += 1 }
        }
        let latency = ContinuousClock.now - start
        tally.withLockedValue { $0.latencies.append(latency) }
    }
}
