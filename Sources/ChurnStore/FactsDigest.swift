internal import ChurnFeatures

/// The number and the hash of records, by which a build is known: every store checks by it what it reads of one.
struct FactsDigest {
    private(set) var count: Int64 = 0
    private var hash = FactsHash()
    /// Kept only where the records may come in any order.
    private var records: [(customer: Int64, hash: UInt64)]?
    private var last = Int64.min
    private var isAscending = true

    /// - Parameter inAnyOrder: that the records may come so. Where a server is to give them ascending they do, and then this
    ///   costs 16 bytes of memory for each; but the hash is what a build is known by, and must not hang on a server's idea
    ///   of an order.
    init(inAnyOrder: Bool = false) {
        records = inAnyOrder ? [] : nil
    }

    mutating func add(_ facts: CustomerFacts) {
        let record = facts.stableHash
        if facts.customer <= last { isAscending = false }
        last = facts.customer
        count += 1
        hash.add(stableHash: record)
        records?.append((facts.customer, record))
    }

    /// `FactsHash` of the records.
    var value: UInt64 {
        guard !isAscending, let records else { return hash.value }
        var sorted = FactsHash()
        for record in records.sorted(by: { $0.customer < $1.customer }) { sorted.add(stableHash: record.hash) }
        return sorted.value
    }

    /// Whether the records are the ones of the build.
    func matches(_ build: FeatureBuild) -> Bool { count == build.customers && value == build.hash }
}
