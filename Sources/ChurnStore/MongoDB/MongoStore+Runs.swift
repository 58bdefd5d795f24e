package import ChurnBase

extension MongoStore {
    package func runs() throws(StoreError) -> [StoredRun] { throw notInMongo("runs are not kept") }

    package func lineCounts(of days: Set<Int64>) throws(StoreError) -> [Int64: Int64] {
        throw notInMongo("lines are not counted by day")
    }

    package func remove(_ selection: LineSelection, dryRun: Bool) throws(StoreError) -> RemovalReport {
        throw notInMongo("lines cannot be removed")
    }

    package func forget(_ customers: [CustomerID]) throws(StoreError) -> ForgetReport {
        throw notInMongo("customers cannot be forgotten")
    }

    package func unforget(_ customers: [CustomerID]) throws(StoreError) -> Int64 {
        throw notInMongo("customers cannot be forgotten")
    }

    package func forgottenCount() throws(StoreError) -> Int64 { throw notInMongo("customers cannot be forgotten") }

    package func customerTexts(of numbers: [Int64]) throws(StoreError) -> [Int64: String] {
        throw notInMongo("customers are numbers only")
    }

    package func damagedDays() throws(StoreError) -> [RunDay] { throw notInMongo("lines have no hashes") }

    func notInMongo(_ explanation: String) -> StoreError {
        .refused(store: name, code: 0, explanation: "\(explanation) in MongoDB by this version")
    }
}
