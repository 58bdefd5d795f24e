internal import ChurnBase
internal import ChurnFeatures
internal import ChurnStore

/// What is said of a build that lacks something, on standard error.
enum BuildRemarks {
    static func write(_ report: FeatureBuildReport) {
        write(products(report.linesWithoutProduct, of: report.purchaseLines) + leftOut(report.leftOut))
    }

    static func write(_ totals: FactsTotals) {
        write(products(totals.linesWithoutProduct, of: totals.purchaseLines) + leftOut(totals.leftOut))
    }

    static func write(_ leftOut: LeftOutCustomers) {
        write(self.leftOut(leftOut))
    }

    private static func write(_ remarks: [String]) {
        for remark in remarks { StandardStream.error.writeBestEffort("churn: \(remark)\n") }
    }

    private static func leftOut(_ customers: LeftOutCustomers) -> [String] {
        if customers.isEmpty { return [] }
        let more = customers.count - Int64(customers.shown.count)
        let ids =
            customers.names.map(\.oneLine).joined(separator: ", ")
            + (more > 0 ? " and \(groupedText(more)) more" : "")
        return [
            "warning: \(groupedText(customers.count)) \(customers.count == 1 ? "customer is" : "customers are") left out, since "
                + "the sums of their quantities or amounts exceed 64 bits: \(ids); check the prices of these lines"
        ]
    }

    /// - Parameters:
    ///   - without: purchase lines with an empty stock code.
    ///   - lines: all purchase lines.
    private static func products(_ without: Int64, of lines: Int64) -> [String] {
        let names = ProductFeatures.names.joined(separator: ", ")
        if without == 0 { return [] }
        if without == lines { return ["no purchase has a product: \(names) are absent"] }
        return [
            "warning: \(groupedText(without)) of \(groupedText(lines)) purchase lines have no product: \(names) count the "
                + "\(groupedText(lines - without)) others only; ingest each file with its column of the product, or none"
        ]
    }
}
