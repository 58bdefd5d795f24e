internal import NIOCore

/// When each call has to be looked at next: a binary heap in which a call knows its place, so that an answered call
/// leaves at once instead of lying there until its deadline.
///
/// - Complexity: O(log n) a change. Calls with one timeout arrive in the order of their deadlines, for which an
///   insertion is O(1).
struct TimerQueue {
    private struct Entry {
        var at: NIODeadline
        var call: Call
    }

    private var heap: [Entry] = []

    /// The earliest time at which a call has to be looked at.
    var earliest: NIODeadline? { heap.first?.at }

    /// Sets the time of a call, whether or not it has one.
    mutating func set(_ call: Call, at: NIODeadline) {
        if call.timerIndex >= 0 {
            heap[call.timerIndex].at = at
        } else {
            call.timerIndex = heap.count
            heap.append(Entry(at: at, call: call))
        }
        siftDown(siftUp(call.timerIndex))
    }

    mutating func remove(_ call: Call) {
        let index = call.timerIndex
        guard index >= 0 else { return }
        call.timerIndex = -1
        let last = heap.removeLast()
        guard index < heap.count else { return }
        place(last, index)
        siftDown(siftUp(index))
    }

    /// Takes out the earliest call if its time has come.
    mutating func popDue(_ now: NIODeadline) -> Call? {
        guard let first = heap.first, first.at <= now else { return nil }
        remove(first.call)
        return first.call
    }

    private mutating func place(_ entry: Entry, _ index: Int) {
        heap[index] = entry
        entry.call.timerIndex = index
    }

    /// - Returns: where the entry went.
    private mutating func siftUp(_ start: Int) -> Int {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].at < heap[parent].at else { break }
            exchange(index, parent)
            index = parent
        }
        return index
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            let left = 2 * index + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && heap[right].at < heap[left].at ? right : left
            guard heap[child].at < heap[index].at else { return }
            exchange(index, child)
            index = child
        }
    }

    private mutating func exchange(_ one: Int, _ other: Int) {
        heap.swapAt(one, other)
        heap[one].call.timerIndex = one
        heap[other].call.timerIndex = other
    }
}
