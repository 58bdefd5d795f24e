package import ChurnBase
package import NIOCore

/// The customers that callers wait for, each once however many callers it has, in the order in which they were first
/// asked for. Makes no call and takes no lock: it says whom to answer.
package struct LookupQueue<Caller: Sendable>: Sendable {
    private struct Wait: Sendable {
        var callers: [UInt64: Caller] = [:]
        var isInFlight = false
        /// Wanted even if nobody waits: what the cache has of the customer is old.
        var isRefresh = false
    }

    private struct Deadline: HeapElement, Sendable {
        var time: NIODeadline
        var customer: CustomerID
        var caller: UInt64

        func isBefore(_ other: Deadline) -> Bool { time < other.time }
    }

    private var waits: [CustomerID: Wait] = [:]
    /// Not yet in flight, from `head` on.
    private var order: [CustomerID] = []
    private var head = 0
    /// The earliest first. Callers that were answered stay in it until their time comes.
    private var deadlines = BinaryHeap<Deadline>()
    private var lastCaller: UInt64 = 0
    package private(set) var callerCount = 0

    package init() {}

    /// Adds a caller, who is in time until `deadline`.
    package mutating func add(_ caller: Caller, for customer: CustomerID, until deadline: NIODeadline) {
        lastCaller += 1
        enlist(customer)
        waits[customer]?.callers[lastCaller] = caller
        callerCount += 1
        deadlines.insert(Deadline(time: deadline, customer: customer, caller: lastCaller))
    }

    /// Has the customer looked up, for nobody in particular.
    package mutating func refresh(_ customer: CustomerID) {
        enlist(customer)
        waits[customer]?.isRefresh = true
    }

    private mutating func enlist(_ customer: CustomerID) {
        guard waits[customer] == nil else { return }
        waits[customer] = Wait()
        order.append(customer)
    }

    /// Whether `take` would give any customer.
    package var hasWork: Bool { head < order.count }

    /// The next customers to look up, at most `limit`. Those whose callers have all given up are left out.
    package mutating func take(_ limit: Int) -> [CustomerID] {
        var taken: [CustomerID] = []
        while head < order.count, taken.count < limit {
            let customer = order[head]
            head += 1
            guard let wait = waits[customer], !wait.isInFlight else { continue }
            if wait.callers.isEmpty, !wait.isRefresh {
                waits[customer] = nil
            } else {
                waits[customer]?.isInFlight = true
                taken.append(customer)
            }
        }
        if head == order.count {
            order.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 4_096, head > order.count / 2 {
            order.removeFirst(head)
            head = 0
        }
        return taken
    }

    /// Ends the look-up of a customer, and gives back all that waited for it, those too that came meanwhile.
    package mutating func finish(_ customer: CustomerID) -> [Caller] {
        guard let wait = waits.removeValue(forKey: customer) else { return [] }
        callerCount -= wait.callers.count
        return Array(wait.callers.values)
    }

    /// Gives back the callers whose time has come.
    package mutating func expire(_ now: NIODeadline) -> [Caller] {
        var late: [Caller] = []
        while let first = deadlines.first, first.time <= now {
            deadlines.remove(at: 0)
            guard let caller = waits[first.customer]?.callers.removeValue(forKey: first.caller) else { continue }
            callerCount -= 1
            late.append(caller)
        }
        return late
    }

    /// Gives back everybody, and forgets what was to be looked up.
    package mutating func removeAll() -> [Caller] {
        let callers = waits.values.flatMap { Array($0.callers.values) }
        self = LookupQueue()
        return callers
    }

    /// When `expire` is to be called next, at the latest.
    package var nextDeadline: NIODeadline? { deadlines.first?.time }
}
