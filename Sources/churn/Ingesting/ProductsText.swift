internal import ChurnBase
internal import ChurnFeatures

/// What is said of purchases without a product, once a build.
enum ProductsText {
    /// - Parameters:
    ///   - without: purchase lines with an empty stock code.
    ///   - lines: all purchase lines.
    static func remarks(_ without: Int64, of lines: Int64) -> [String] {
        let names = ProductFeatures.names.joined(separator: ", ")
        if without == 0 { return [] }
        if without == lines { return ["no purchase has a product: \(names) are absent"] }
        return [
            "warning: \(groupedText(without)) of \(groupedText(lines)) purchase lines have no product: \(names) count the "
                + "\(groupedText(lines - without)) others only; ingest each file with its column of the product, or none"
        ]
    }
}
