package import ChurnBase
package import ChurnStore
package import NIOCore

/// What a store said of customers, the last `capacity` of them or so: a fixed number of places, and a hand that goes
/// round and gives away the first place that was not used since it passed ("CLOCK").
///
/// That a customer has no features is kept like a record. Not thread-safe by itself.
/// - Source: Corbató, "A paging experiment with the Multics system" (1968).
package struct LookupCache: Sendable {
    package struct Entry: Sendable {
        package let customer: CustomerID
        /// Nil: the store has no features of this customer.
        package let record: CustomerRecord?
        package let readAt: NIODeadline
        fileprivate var isUsed = false
    }

    package let capacity: Int
    private var entries: [Entry] = []
    private var places: [CustomerID: Int] = [:]
    private var hand = 0

    /// - Parameter capacity: 1 or more.
    package init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
    }

    package var count: Int { entries.count }

    /// What is known of the customer, however old.
    package mutating func entry(of customer: CustomerID) -> Entry? {
        guard let place = places[customer] else { return nil }
        entries[place].isUsed = true
        return entries[place]
    }

    package mutating func put(_ customer: CustomerID, _ record: CustomerRecord?, readAt: NIODeadline) {
        let entry = Entry(customer: customer, record: record, readAt: readAt)
        if let place = places[customer] {
            entries[place] = entry
        } else if entries.count < capacity {
            places[customer] = entries.count
            entries.append(entry)
        } else {
            // Ends after two rounds at the latest: the first one leaves nothing marked.
            while entries[hand].isUsed {
                entries[hand].isUsed = false
                hand = (hand + 1) % capacity
            }
            places[entries[hand].customer] = nil
            places[customer] = hand
            entries[hand] = entry
            hand = (hand + 1) % capacity
        }
    }
}
