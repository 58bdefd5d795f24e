/// A sum held as two doubles, `high + low`, for work done once a model.
///
/// - Source: Ogita, Rump, Oishi, "Accurate sum and dot product" (2005), algorithm 5.3.
struct DoubleDouble {
    private var high: Double
    private var low = 0.0

    init(_ value: Double) { high = value }

    mutating func subtract(product a: Double, _ b: Double) {
        let product = -a * b
        let productError = (-product).addingProduct(-a, b)
        let sum = high + product
        let part = sum - high
        let sumError = (high - (sum - part)) + (product - part)
        high = sum
        low += sumError + productError
    }

    var rounded: Double { high + low }
}
