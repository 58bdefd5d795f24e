internal import Dispatch
internal import Foundation
internal import FuzzTargets
internal import Synchronization

/// churncompare STREAMS SEED: compares what our parser of HTTP/1.1 and SwiftNIO's make of so many streams, on two threads.
@main
struct Compare {
    static func main() {
        guard CommandLine.arguments.count == 3, let streams = Int(CommandLine.arguments[1]), streams > 0,
            let seed = UInt64(CommandLine.arguments[2])
        else {
            print("usage: churncompare STREAMS SEED")
            return
        }
        let total = Mutex((counts: HTTP1Comparison.Counts(), differences: 0))
        let threads = 2
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let seed = seed &+ UInt64(thread)
            var (generator, comparison) = (HTTP1Generator(seed: seed), HTTP1Comparison())
            for number in 0..<(streams / threads) {
                let stream = generator.next()
                guard let difference = comparison.difference(stream) else { continue }
                let text = String(decoding: stream, as: UTF8.self).debugDescription
                total.withLock { total in
                    total.differences += 1
                    // The first ones tell enough.
                    if total.differences <= 20 { print("stream \(number) of seed \(seed): \(difference)\n  \(text)") }
                }
            }
            total.withLock { $0.counts.add(comparison.counts) }
        }
        let (counts, differences) = total.withLock { $0 }
        print(
            "\(counts.streams) streams: \(counts.requests) requests alike, \(counts.refused) streams refused by both, "
                + "\(counts.stricter) by ours alone; \(differences) differences"
        )
        if differences > 0 { exit(1) }
    }
}
