extension MongoStore {
    /// Whether transactions can be read by customer without a sort: nobody has dropped the index.
    package func hasCustomerIndex() throws(StoreError) -> Bool {
        try leasing { lease throws(MongoFailure) in
            try lease.collection(MongoSchema.transactions).hasIndex(beginningWith: "customer")
        }
    }
}
