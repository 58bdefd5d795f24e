internal import NIOCore

/// The line of calls to be sent. A call that finishes while it waits stays in the ring until it comes to the front or
/// until such calls are the majority, so that finishing costs O(1).
struct WaitingQueue {
    private var ring = CircularBuffer<Call>()
    /// Calls that wait, finished ones not counted.
    private(set) var count = 0

    private static let compactionFloor = 64

    /// - Precondition: `call.phase` is waiting.
    mutating func append(_ call: Call) {
        ring.append(call)
        count += 1
    }

    /// Puts calls in front of all others, the first of them foremost.
    ///
    /// - Precondition: the phase of each is waiting.
    mutating func prepend(_ calls: [Call]) {
        for call in calls.reversed() { ring.prepend(call) }
        count += calls.count
    }

    mutating func popFirst() -> Call? {
        while let call = ring.popFirst() {
            if case .waiting = call.phase {
                count -= 1
                return call
            }
        }
        return nil
    }

    /// Tells the queue that one of its calls has finished.
    mutating func noteFinished() {
        count -= 1
        if ring.count > Self.compactionFloor, ring.count > 2 * count {
            var live = CircularBuffer<Call>(initialCapacity: count)
            for call in ring {
                if case .waiting = call.phase { live.append(call) }
            }
            ring = live
        }
    }
}
