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
        var prediction = StoredPrediction(customer: 0, probability: .nan, isChurn: false)
        var seen = 0
        while reader.next() {
            switch reader.key {
            case "customer": guard let value = reader.integer else { return nil }; prediction.customer = value
            case "probability": guard let value = reader.number else { return nil }; prediction.probability = value
            case "is_churn": guard let value = reader.bool else { return nil }; prediction.isChurn = value
            default: continue
            }
            seen += 1
        }
        return seen == 3 && (0...1).contains(prediction.probability) ? prediction : nil
    }
}
