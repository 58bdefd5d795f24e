package import ChurnBase

/// The customers whose lines are left out: keyed hashes, and the key.
struct MongoForgotten: Equatable {
    private let hash: KeyedHash
    private let hashes: Set<String>

    fileprivate init(_ hash: KeyedHash, hashes: Set<String>) {
        self.hash = hash
        self.hashes = hashes
    }

    var count: Int { hashes.count }

    func contains(_ customer: CustomerID) -> Bool { !hashes.isEmpty && hashes.contains(hash(of: customer)) }

    func hash(of customer: CustomerID) -> String { hexadecimal(hash.hash(of: customer)) }
}

extension MongoStore {
    /// Nil when nobody was ever forgotten.
    func forgottenCustomers() throws(StoreError) -> MongoForgotten? {
        guard let hash = try forgettingHash() else { return nil }
        var hashes: Set<String> = []
        try retrying { lease throws(MongoFailure) in
            hashes.removeAll()
            let forgotten = lease.collection(MongoSchema.forgotten, fromPrimary: true)
            try forgotten.find(BSONDocument("{}"), BSONDocument("{\"batchSize\": 10000}")) { reader in
                while reader.next() {
                    if "_id" ~= reader.key, let hash = reader.string { hashes.insert(hash) }
                }
                return true
            }
        }
        return MongoForgotten(hash, hashes: hashes)
    }

    package func forgottenCount() throws(StoreError) -> Int64 { Int64(try forgottenCustomers()?.count ?? 0) }

    package func unforget(_ customers: [CustomerID]) throws(StoreError) -> Int64 {
        precondition(access != .read, "a store opened for reading")
        guard let forgotten = try forgottenCustomers() else { return 0 }
        let known = Set(customers.filter { forgotten.contains($0) })
        _ = try retrying { lease throws(MongoFailure) in
            for customer in known {
                let filter = BSONDocument()
                filter.append("_id", forgotten.hash(of: customer))
                try lease.collection(MongoSchema.forgotten).delete(filter, BSONDocument("{\(MongoSchema.durably)}"))
            }
        }
        return Int64(known.count)
    }

    /// Adds customers to the forgotten.
    ///
    /// - Returns: how many were not among them.
    func addForgotten(_ customers: [CustomerID]) throws(StoreError) -> Int64 {
        if try forgettingHash() == nil {
            let document = BSONDocument()
            document.append("_id", "forgotten")
            document.append("key", hexadecimal(KeyedHash.randomKey()))
            // Of two that make one at a time, the first one's stays.
            _ = try retrying { lease throws(MongoFailure) in
                try lease.collection(MongoSchema.meta).bulk(BSONDocument("{\(MongoSchema.durably)}")) {
                    bulk throws(MongoFailure) in try bulk.insert(document.pointer)
                }
            }
        }
        guard let forgotten = try forgottenCustomers() else { throw .busy(store: name) }
        let new = customers.filter { !forgotten.contains($0) }
        guard !new.isEmpty else { return 0 }
        _ = try retrying { lease throws(MongoFailure) in
            let options = BSONDocument("{\"ordered\": false, \(MongoSchema.durably)}")
            return try lease.collection(MongoSchema.forgotten).bulk(options) { bulk throws(MongoFailure) in
                for customer in new {
                    let document = BSONDocument()
                    document.append("_id", forgotten.hash(of: customer))
                    try bulk.insert(document.pointer)
                }
            }
        }
        return Int64(new.count)
    }

    private func forgettingHash() throws(StoreError) -> KeyedHash? {
        var text: String?
        try retrying { lease throws(MongoFailure) in
            let meta = lease.collection(MongoSchema.meta, fromPrimary: true)
            try meta.find(BSONDocument("{\"_id\": \"forgotten\"}"), BSONDocument("{\"limit\": 1}")) { reader in
                while reader.next() {
                    if "key" ~= reader.key { text = reader.string }
                }
                return false
            }
        }
        guard let text else { return nil }
        let digits = Array(text)
        let key = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
        guard let hash = KeyedHash(key: key) else { throw .damaged(store: name, .transactions) }
        return hash
    }
}
