package import ChurnFeatures

extension MongoStore {
    package func transactionCounts() throws(StoreError) -> TransactionCounts {
        do {
            var counts = TransactionCounts()
            try countLines(into: &counts)
            counts.purchaseInvoices = try distinctInvoices("{\"$gte\": 0}")
            counts.cancelInvoices = try distinctInvoices("{\"$lt\": 0}")
            return counts
        } catch {
            throw storeError(error)
        }
    }

    /// A row a customer and kind of line: the sums of money are added up here, where an overflow is seen.
    private func countLines(into counts: inout TransactionCounts) throws {
        var customers: Set<Int64> = []
        for isPurchase in [true, false] {
            try forEachGroup(
                """
                {"pipeline": [
                    {"$match": {"quantity_milli": {"\(isPurchase ? "$gte" : "$lt")": 0}}},
                    {"$group": {"_id": "$customer", "lines": {"$sum": 1}, "first": {"$min": "$minute"},
                        "last": {"$max": "$minute"}, "amount": {"$sum": "$amount_milli"}}},
                    {"$addFields": {"amount": \(FactsPipelines.within64Bits("amount"))}}
                ]}
                """
            ) { group in
                guard let customer = group["_id"], let lines = group["lines"], let first = group["first"],
                    let last = group["last"]
                else { throw StoreError.damaged(store: name, .transactions) }
                customers.insert(customer)
                counts.lines += lines
                counts.firstMinute = min(counts.firstMinute ?? first, first)
                counts.lastMinute = max(counts.lastMinute ?? last, last)
                guard isPurchase else {
                    counts.cancelLines += lines
                    return
                }
                counts.purchasers += 1
                counts.purchaseLines += lines
                guard let amount = group["amount"] else {
                    throw StoreError.damaged(store: name, .transactions)
                }
                let (revenue, overflows) = counts.revenueMilli.addingReportingOverflow(amount)
                counts.revenueMilli = overflows || amount == FactsPipelines.beyond64Bits ? .max : revenue
            }
        }
        counts.customers = Int64(customers.count)
    }

    private func distinctInvoices(_ quantity: String) throws -> Int64 {
        var count: Int64 = 0
        try forEachGroup(
            """
            {"pipeline": [
                {"$match": {"quantity_milli": \(quantity)}}, {"$group": {"_id": "$invoice"}},
                {"$group": {"_id": null, "invoices": {"$sum": 1}}}
            ]}
            """
        ) { group in
            count = group["invoices"] ?? 0
        }
        return count
    }

    /// Runs a pipeline over the transactions whose results are few and flat.
    ///
    /// - Parameters:
    ///   - options: of the aggregation.
    ///   - body: is given the whole numbers of each result, by name. What it throws ends the reading.
    func forEachGroup(
        _ pipeline: String,
        _ options: String = "{\"allowDiskUse\": true}",
        _ body: ([String: Int64]) throws -> Void
    ) throws {
        var foreign: (any Error)?
        try leasing { lease throws(MongoFailure) in
            try lease.collection(MongoSchema.transactions, fromPrimary: true).aggregate(
                BSONDocument(pipeline),
                BSONDocument(options)
            ) { reader in
                var group: [String: Int64] = [:]
                while reader.next() {
                    if let integer = reader.integer { group[reader.key.string] = integer }
                }
                do { try body(group) } catch { foreign = error }
                return foreign == nil
            }
        }
        if let foreign { throw foreign }
    }

    package func forEachLineByCustomer(before minute: Int64, _ body: (TransactionLine) throws -> Void) throws {
        let fields = TransactionDocument.key.map { "\"\($0)\": 1" }.joined(separator: ", ")
        // By the index, so that nothing is sorted.
        try forEachLine(
            "{\"minute\": {\"$lt\": {\"$numberLong\": \"\(minute)\"}}}",
            "{\"sort\": {\"customer\": 1}, \"projection\": {\"_id\": 0, \(fields)}, \"batchSize\": 10000}",
            withPayload: false,
            body
        )
    }

    package func forEachLine(_ body: (TransactionLine) throws -> Void) throws {
        let order = TransactionDocument.key.map { "\"\($0)\": 1" }.joined(separator: ", ")
        let texts = try allTexts()
        try forEachLine(
            "{}",
            "{\"sort\": {\(order)}, \"allowDiskUse\": true, \"batchSize\": 10000}",
            withPayload: true
        ) { line in
            guard line.customer < 0 else { return try body(line) }
            // A text that is missing is one whose number no reader can know the customer by.
            guard let text = texts[line.customer] else { throw StoreError.damaged(store: name, .transactions) }
            try text.withUnsafeBufferPointer { text in
                var line = line
                line.customerText = text
                try body(line)
            }
        }
    }

    private func forEachLine(
        _ filter: String,
        _ options: String,
        withPayload: Bool,
        _ body: (TransactionLine) throws -> Void
    ) throws {
        var foreign: (any Error)?
        try leasing { lease throws(MongoFailure) in
            try lease.collection(MongoSchema.transactions).find(BSONDocument(filter), BSONDocument(options)) { reader in
                do {
                    guard let line = TransactionDocument.read(reader, withPayload: withPayload) else {
                        throw StoreError.damaged(store: name, .transactions)
                    }
                    try body(line)
                } catch {
                    foreign = error
                }
                return foreign == nil
            }
        }
        if let foreign { throw foreign }
    }
}
