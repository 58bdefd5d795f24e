internal import GRDB

extension SQLiteStore {
    package func write(_ predictions: [StoredPrediction], of run: PredictionRun) throws(StoreError) {
        try inTransaction { database in
            let insert = try database.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO predictions (
                        model, version, as_of_minute, customer, probability, is_churn
                    ) VALUES (?, ?, ?, ?, ?, ?)
                    """
            )
            for prediction in predictions {
                try insert.execute(
                    arguments: [
                        run.model, run.version, run.asOfMinute, prediction.customer, prediction.probability,
                        prediction.isChurn,
                    ]
                )
            }
        }
    }

    package func lastPredicted(in run: PredictionRun) throws(StoreError) -> Int64? {
        try reading { database in
            try Int64.fetchOne(
                database,
                sql: "SELECT max(customer) FROM predictions WHERE model = ? AND version = ? AND as_of_minute = ?",
                arguments: [run.model, run.version, run.asOfMinute]
            )
        }
    }

    package func forEachPrediction(of run: PredictionRun, _ body: (StoredPrediction) throws -> Void) throws {
        try readingWithForeignErrors { database in
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT customer, probability, is_churn FROM predictions
                    WHERE model = ? AND version = ? AND as_of_minute = ? ORDER BY customer
                    """,
                arguments: [run.model, run.version, run.asOfMinute]
            )
            while let row = try rows.next() {
                try body(StoredPrediction(customer: row[0], probability: row[1], isChurn: row[2]))
            }
        }
    }
}
