extension MongoStore {
    package func write(_ predictions: [StoredPrediction], of run: PredictionRun) throws(StoreError) {
        precondition(access != .read, "a store opened for reading")
        guard !predictions.isEmpty else { return }
        _ = try retrying { lease throws(MongoFailure) in
            let options = BSONDocument("{\"ordered\": false, \(MongoSchema.durably)}")
            let upsert = BSONDocument("{\"upsert\": true}")
            return try lease.collection(MongoSchema.predictions).bulk(options) { bulk throws(MongoFailure) in
                for prediction in predictions {
                    let id = "\(run.asOfMinute) \(prediction.customer) \(run.model)@\(run.version)"
                    let filter = BSONDocument()
                    filter.append("_id", id)
                    // Of use where the collection is sharded by customer.
                    filter.append("customer", prediction.customer)
                    try bulk.replace(filter, with: document(id, prediction, run), upsert: upsert)
                }
            }
        }
    }

    private func document(_ id: String, _ prediction: StoredPrediction, _ run: PredictionRun) -> BSONDocument {
        let document = BSONDocument()
        // The server would take it from the filter; the stand-in of the tests does not.
        document.append("_id", id)
        document.append("customer", prediction.customer)
        document.append("model", run.model)
        document.append("version", run.version)
        document.append("as_of_minute", run.asOfMinute)
        document.append("probability", prediction.probability)
        document.append("is_churn", prediction.isChurn)
        return document
    }

    package func lastPredicted(in run: PredictionRun) throws(StoreError) -> Int64? {
        var last: Int64?
        try leasing { lease throws(MongoFailure) in
            let options = BSONDocument("{\"sort\": {\"customer\": -1}, \"limit\": 1}")
            try lease.collection(MongoSchema.predictions).find(filter(run), options) { reader in
                while reader.next() {
                    if "customer" ~= reader.key { last = reader.integer }
                }
                return false
            }
        }
        return last
    }

    package func forEachPrediction(of run: PredictionRun, _ body: (StoredPrediction) throws -> Void) throws {
        var foreign: (any Error)?
        try leasing { lease throws(MongoFailure) in
            let options = BSONDocument("{\"sort\": {\"customer\": 1}, \"batchSize\": 10000}")
            try lease.collection(MongoSchema.predictions).find(filter(run), options) { reader in
                do {
                    guard let prediction = Self.prediction(reader) else {
                        throw StoreError.damaged(store: name, .predictions)
                    }
                    try body(prediction)
                } catch {
                    foreign = error
                }
                return foreign == nil
            }
        }
        if let foreign { throw foreign }
    }

    private func filter(_ run: PredictionRun) -> BSONDocument {
        let filter = BSONDocument()
        filter.append("model", run.model)
        filter.append("version", run.version)
        filter.append("as_of_minute", run.asOfMinute)
        return filter
    }

    private static func prediction(_ reader: borrowing BSONReader) -> StoredPrediction? {
        var customer: Int64?
        var probability: Double?
        var isChurn: Bool?
        while reader.next() {
            switch reader.key {
            case "customer": customer = reader.integer
            case "probability": probability = reader.number
            case "is_churn": isChurn = reader.bool
            default: break
            }
        }
        guard let customer, let probability, let isChurn, (0...1).contains(probability) else { return nil }
        return StoredPrediction(customer: customer, probability: probability, isChurn: isChurn)
    }
}
