/// The features that are made of stock codes. A build has none of them when no customer of it has a product: its files have
/// no column with the product, and counts of 0 would be a statement about the customers.
package enum ProductFeatures {
    package static let names = ["distinct_products", "last_day_products"]

    /// Those of the features that a build without products does not have, in their order.
    package static func among(_ features: some Sequence<String>) -> [String] { features.filter(names.contains) }
}
