internal import ChurnBase

/// The customers of an ingest that are texts, and who has their numbers in the store.
struct MongoTexts {
    /// Checks by numbers, as the store has them.
    private var known: [Int64: UInt64] = [:]
    /// Those whose numbers were not looked up yet, and those of others.
    private var texts: [CustomerID: String] = [:]

    /// Entries that are kept from one batch to the next, at some 40 bytes each.
    private static let limit = 200_000

    mutating func note(_ customer: CustomerID, _ text: UnsafeBufferPointer<UInt8>) {
        guard known[customer.number] != customer.check, texts[customer] == nil else { return }
        texts[customer] = String(decoding: text, as: UTF8.self)
    }

    /// Gives the store the texts that it lacks, and learns who has the numbers.
    mutating func register(in store: MongoStore) throws(StoreError) {
        let new = texts.filter { known[$0.key.number] == nil }
        guard !new.isEmpty else { return }
        known.merge(try store.register(new)) { _, now in now }
        texts = texts.filter { known[$0.key.number] != $0.key.check }
    }

    /// The customer's text, when its number is another one's.
    func collision(of customer: CustomerID) -> String? {
        customer.isText && known[customer.number] != customer.check ? texts[customer] ?? "" : nil
    }

    /// Between batches: bounds the memory.
    mutating func shrink() {
        if known.count > Self.limit { known.removeAll(keepingCapacity: true) }
        if texts.count > Self.limit { texts.removeAll(keepingCapacity: true) }
    }
}

extension MongoStore {
    /// Gives the store texts; a number that another text has stays that one's.
    ///
    /// - Returns: the check that the store has under each number.
    func register(_ texts: [CustomerID: String]) throws(StoreError) -> [Int64: UInt64] {
        let all = Array(texts)
        var checks: [Int64: UInt64] = [:]
        for start in stride(from: 0, to: all.count, by: Self.numbersPerCommand) {
            let part = all[start..<min(start + Self.numbersPerCommand, all.count)]
            _ = try retrying { lease throws(MongoFailure) in
                let options = BSONDocument("{\"ordered\": false, \(MongoSchema.durably)}")
                return try lease.collection(MongoSchema.customers).bulk(options) { bulk throws(MongoFailure) in
                    for (customer, text) in part {
                        let document = BSONDocument()
                        document.append("_id", customer.number)
                        document.append("check", Int64(bitPattern: customer.check))
                        document.append("text", text)
                        try bulk.insert(document.pointer)
                    }
                }
            }
            let numbers = Array(Set(part.map(\.key.number)))
            try forEachText(of: numbers) { number, check, _ in checks[number] = check }
            // A primary that has just taken over may show them a moment later.
            guard numbers.allSatisfy({ checks[$0] != nil }) else { throw .busy(store: name) }
        }
        return checks
    }

    static let numbersPerCommand = 2_000

    package func customerTexts(of numbers: [Int64]) throws(StoreError) -> [Int64: String] {
        var texts: [Int64: String] = [:]
        for start in stride(from: 0, to: numbers.count, by: Self.numbersPerCommand) {
            let part = Array(numbers[start..<min(start + Self.numbersPerCommand, numbers.count)])
            try forEachText(of: part) { texts[$0] = $2 }
        }
        return texts
    }

    /// Every text by its number.
    func allTexts() throws(StoreError) -> [Int64: [UInt8]] {
        var texts: [Int64: [UInt8]] = [:]
        try forEachText(of: nil) { texts[$0] = Array($2.utf8) }
        return texts
    }

    /// Whether there is a customer that is a text.
    func hasTexts() throws(StoreError) -> Bool {
        try retrying { lease throws(MongoFailure) in
            var hasTexts = false
            let one = BSONDocument("{\"limit\": 1}")
            try lease.collection(MongoSchema.customers, fromPrimary: true).find(BSONDocument("{}"), one) { _ in
                hasTexts = true
                return false
            }
            return hasTexts
        }
    }

    /// Whether the number of a text is its own.
    func hasText(_ customer: CustomerID) throws(StoreError) -> Bool {
        var isOwn = false
        try forEachText(of: [customer.number]) { _, check, _ in isOwn = check == customer.check }
        return isOwn
    }

    /// - Parameter numbers: nil: all.
    private func forEachText(
        of numbers: [Int64]?,
        _ body: (_ number: Int64, _ check: UInt64, _ text: String) -> Void
    ) throws(StoreError) {
        if let numbers, numbers.isEmpty { return }
        try retrying { lease throws(MongoFailure) in
            let filter = BSONDocument()
            if let numbers {
                let among = BSONDocument()
                among.append("$in", integers: numbers)
                filter.append("_id", among)
            }
            let customers = lease.collection(MongoSchema.customers, fromPrimary: true)
            try customers.find(filter, BSONDocument("{\"batchSize\": 10000}")) { reader in
                var number: Int64?
                var check: Int64?
                var text: String?
                while reader.next() {
                    switch reader.key {
                    case "_id": number = reader.integer
                    case "check": check = reader.integer
                    case "text": text = reader.string
                    default: break
                    }
                }
                if let number, let check, let text { body(number, UInt64(bitPattern: check), text) }
                return true
            }
        }
    }
}
