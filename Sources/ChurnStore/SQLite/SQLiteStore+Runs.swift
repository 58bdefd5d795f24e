package import ChurnBase

extension SQLiteStore {
    package func runs() throws(StoreError) -> [StoredRun] { throw notInSQLite("runs are not kept") }

    package func lineCounts(of days: Set<Int64>) throws(StoreError) -> [Int64: Int64] {
        throw notInSQLite("lines are not counted by day")
    }

    package func remove(_ selection: LineSelection, dryRun: Bool) throws(StoreError) -> RemovalReport {
        throw notInSQLite("lines cannot be removed")
    }

    package func forget(_ customers: [CustomerID]) throws(StoreError) -> ForgetReport {
        throw notInSQLite("customers cannot be forgotten")
    }

    package func unforget(_ customers: [CustomerID]) throws(StoreError) -> Int64 {
        throw notInSQLite("customers cannot be forgotten")
    }

    package func forgottenCount() throws(StoreError) -> Int64 { throw notInSQLite("customers cannot be forgotten") }

    package func customerTexts(of numbers: [Int64]) throws(StoreError) -> [Int64: String] {
        throw notInSQLite("customers are numbers only")
    }

    package func damagedDays() throws(StoreError) -> [RunDay] { throw notInSQLite("lines have no hashes") }

    func notInSQLite(_ explanation: String) -> StoreError {
        .refused(store: name, code: 0, explanation: "\(explanation) in SQLite by this version")
    }
}
