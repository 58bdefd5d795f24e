extension MongoStore {
    package func problems() throws(StoreError) -> [String] {
        // Without it every reading of transactions by customer sorts them all.
        let hasCustomerIndex = try leasing { lease throws(MongoFailure) in
            try lease.collection(MongoSchema.transactions).hasIndex(beginningWith: "customer")
        }
        return hasCustomerIndex
            ? [] : ["the index customer_lines of transactions is missing; churn ingest makes it again"]
    }
}
