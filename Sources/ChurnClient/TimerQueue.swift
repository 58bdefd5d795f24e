internal import ChurnBase
internal import NIOCore

/// When each call has to be looked at next: a binary heap in which a call knows its place, so that an answered call
/// leaves at once instead of lying there until its deadline.
///
/// - Complexity: O(log n) a change. Calls with one timeout arrive in the order of their deadlines, for which an
///   insertion is O(1).
struct TimerQueue {
    private struct Entry: HeapElement {
        var at: NIODeadline
        var call: Call

        func isBefore(_ other: Entry) -> Bool { at < other.at }

        func moved(to index: Int) { call.timerIndex = index }
    }

    private var heap = BinaryHeap<Entry>()

    /// The earliest time at which a call has to be looked at.
    var earliest: NIODeadline? { heap.first?.at }

    /// Sets the time of a call, whether or not it has one.
    mutating func set(_ call: Call, at: NIODeadline) {
        let entry = Entry(at: at, call: call)
        if call.timerIndex >= 0 {
            heap.replace(at: call.timerIndex, with: entry)
        } else {
            heap.insert(entry)
        }
    }

    mutating func remove(_ call: Call) {
        guard call.timerIndex >= 0 else { return }
        heap.remove(at: call.timerIndex)
        call.timerIndex = -1
    }

    /// Takes out the earliest call if its time has come.
    mutating func popDue(_ now: NIODeadline) -> Call? {
        guard let first = heap.first, first.at <= now else { return nil }
        remove(first.call)
        return first.call
    }
}
