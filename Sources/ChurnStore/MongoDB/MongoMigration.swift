internal import ChurnBase
internal import ChurnFeatures

/// From schema version 1, in place: lines get quantities in thousandths, amounts in place of prices, run 1, and an `_id`
/// of the new key.
///
/// The version is written first, with a note that the migration goes on: from then on programs of before refuse the store,
/// and so does this one for reading. Every step finds what is left to do by looking at the documents, so that a migration
/// that was killed at any moment goes on with the next writer, and two at a time do each other no harm. Builds are dropped:
/// they lack the sums of cancellations.
extension MongoStore {
    func migrate() throws(StoreError) {
        try mark("{\"$set\": {\"version\": \(MongoSchema.currentVersion), \"migrating\": 1}}")
        try dropOldFeatures()
        try dropOldIndex()
        while try migrateLines() > 0 {}
        try mark("{\"$unset\": {\"migrating\": 1}}")
    }

    private func mark(_ update: String) throws(StoreError) {
        _ = try retrying { lease throws(MongoFailure) in
            try lease.collection(MongoSchema.meta).bulk(BSONDocument("{\(MongoSchema.durably)}")) {
                bulk throws(MongoFailure) in
                try bulk.update(BSONDocument("{\"_id\": \"schema\"}"), BSONDocument(update))
            }
        }
    }

    /// The documents of builds go first: no reader finds records that are going.
    private func dropOldFeatures() throws(StoreError) {
        try retrying { lease throws(MongoFailure) in
            let options = BSONDocument("{\(MongoSchema.durably)}")
            try lease.collection(MongoSchema.builds).delete(BSONDocument("{}"), options)
            for collection in try lease.collectionNames(prefix: MongoSchema.featurePrefix) {
                try lease.collection(collection).drop()
            }
        }
    }

    /// The index has its name for another key now, and a server keeps no two of one name.
    private func dropOldIndex() throws(StoreError) {
        try retrying { lease throws(MongoFailure) in
            do throws(MongoFailure) {
                try lease.command(
                    BSONDocument(
                        """
                        {"dropIndexes": "\(MongoSchema.transactions)",
                            "index": {"customer": 1, "minute": 1, "quantity": 1, "mark": 1}}
                        """
                    )
                )
            } catch {
                // There is none, or no collection. Where the user may not do it, making the new one fails by name.
                guard error.isServer, !error.isRetryable else { throw error }
            }
        }
    }

    /// Writes each line of before anew, and removes the old document when the new one is durable.
    ///
    /// - Returns: how many there were.
    private func migrateLines() throws(StoreError) -> Int {
        var count = 0
        var isDamaged = false
        let lines = RunDescription(kind: .migrated)
        var hasRun = false
        try retrying { lease throws(MongoFailure) in
            let old = BSONDocument("{\"price_milli\": {\"$exists\": true}}")
            let options = BSONDocument("{\"batchSize\": 2000}")
            var piece = MigrationPiece()
            var failure: MongoFailure?
            count = 0
            try lease.collection(MongoSchema.transactions, fromPrimary: true).find(old, options) { reader in
                guard piece.add(reader) else {
                    isDamaged = true
                    return false
                }
                count += 1
                guard piece.count >= 2_000 else { return true }
                do throws(MongoFailure) {
                    if !hasRun { try Self.beginMigratedRun(lines, lease) }
                    hasRun = true
                    try piece.write(lease)
                } catch {
                    failure = error
                }
                piece = MigrationPiece()
                return failure == nil
            }
            if let failure { throw failure }
            if piece.count > 0, !isDamaged {
                if !hasRun { try Self.beginMigratedRun(lines, lease) }
                hasRun = true
                try piece.write(lease)
            }
        }
        if isDamaged { throw .damaged(store: name, .transactions) }
        return count
    }

    private static func beginMigratedRun(
        _ run: RunDescription,
        _ lease: borrowing MongoLease
    ) throws(MongoFailure) {
        let document = RunDocument.new(1, run, nil, token: "migrated")
        document.append("finished_at", Int64(time(nil)))
        _ = try lease.collection(MongoSchema.runs).bulk(BSONDocument("{\(MongoSchema.durably)}")) {
            bulk throws(MongoFailure) in try bulk.insert(document.pointer)
        }
    }
}

/// Lines that are migrated together.
private struct MigrationPiece {
    private var bytes: [[UInt8]] = []
    private var oldIDs: [String] = []
    private var id: [UInt8] = []

    var count: Int { bytes.count }

    /// - Returns: whether it is a line of version 1.
    mutating func add(_ reader: borrowing BSONReader) -> Bool {
        guard let (oldID, line) = TransactionDocument.readVersion1(reader) else { return false }
        let document = BSONDocument()
        TransactionDocument.write(line, run: 1, to: document, id: &id)
        bytes.append(Array(document.bytes))
        oldIDs.append(oldID)
        return true
    }

    func write(_ lease: borrowing MongoLease) throws(MongoFailure) {
        let lines = lease.collection(MongoSchema.transactions)
        let slot = BSONSlot()
        _ = try lines.bulk(BSONDocument("{\"ordered\": false, \(MongoSchema.durably)}")) { bulk throws(MongoFailure) in
            for document in bytes {
                try document.withUnsafeBufferPointer { document throws(MongoFailure) in
                    let isDocument = slot.view(document)
                    precondition(isDocument, "bytes of our own making")
                    try bulk.insert(slot.pointer)
                }
            }
        }
        let among = BSONDocument()
        among.append("$in", strings: oldIDs)
        let filter = BSONDocument()
        filter.append("_id", among)
        try lines.delete(filter, BSONDocument("{\(MongoSchema.durably)}"))
    }
}

extension TransactionDocument {
    /// A line as it was before amounts; its texts are valid while the document is.
    static func readVersion1(_ reader: borrowing BSONReader) -> (id: String, line: TransactionLine)? {
        var line = TransactionLine.empty
        var id: String?
        var quantity: Int64 = 0
        var price: Int64 = 0
        var seen = 0
        while reader.next() {
            let field: Int
            let isSound: Bool
            switch reader.key {
            case "_id":
                id = reader.string
                continue
            case "customer": (field, isSound) = (0, reader.read(into: &line.customer))
            case "minute": (field, isSound) = (1, reader.read(into: &line.minute))
            case "quantity": (field, isSound) = (2, reader.read(into: &quantity))
            case "price_milli": (field, isSound) = (3, reader.read(into: &price))
            case "copy": (field, isSound) = (4, reader.read(into: &line.copy))
            case "invoice": (field, isSound) = (5, reader.read(into: &line.invoice))
            case "stock_code": (field, isSound) = (6, reader.read(into: &line.stockCode))
            case "description": (field, isSound) = (7, reader.read(into: &line.description))
            case "country": (field, isSound) = (8, reader.read(into: &line.country))
            default: continue
            }
            guard isSound else { return nil }
            seen |= 1 << field
        }
        guard let id, seen == 0x1FF, line.customer > 0, price >= 0 else { return nil }
        // Readers never let these leave 64 bits.
        let (milli, milliOverflows) = quantity.multipliedReportingOverflow(by: 1_000)
        let (amount, amountOverflows) = quantity.magnitude.multipliedReportingOverflow(by: UInt64(price))
        guard !milliOverflows, !amountOverflows, let amount = Int64(exactly: amount) else { return nil }
        line.quantityMilli = milli
        line.amountMilli = amount
        return (id, line)
    }
}
