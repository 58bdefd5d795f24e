/// A customer of the real data whose prediction the prototype documents, with purchases that give the same features.
package enum KnownCustomer {
    package static let id: Int64 = 12347
    /// One line each, on seven days: 4,310 together.
    package static let purchasesMilli: [Int64] = [710_000] + Array(repeating: 600_000, count: 6)
    /// By the model `seed-logistic`.
    package static let probability = 0.07052281746741611
}
