package import ChurnStore
package import TestSupport

/// A small shop in a SQLite store of its own: `KnownCustomer`, and customers 1, 2, ... with a purchase each.
package struct Shop: Sendable {
    package let directory: TemporaryDirectory
    /// Besides `KnownCustomer`.
    package let others: Int64

    package var storePath: String { directory.path + "/store.sqlite" }
    package var location: StoreLocation { .sqlite(path: storePath) }
    package var customers: Int64 { others + 1 }

    /// - Parameter isBuilt: whether the store has features.
    package init(others: Int64 = 200, isBuilt: Bool = true) async throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        self.others = others
        let location = location
        try await blocking {
            let store = try location.open(.create)
            try store.ingest(Self.lines(others: others))
            if isBuilt { _ = try store.buildFeatures(asOfDay: nil) }
        }
    }

    /// Customer n of the others spends n.
    private static func lines(others: Int64) -> [OwnedLine] {
        let known = KnownCustomer.purchasesMilli.enumerated().map { day, price in
            line(customer: KnownCustomer.id, number: Int64(day), price: price)
        }
        return known + (1...others).map { line(customer: $0, number: 100 + $0, price: 1_000 * $0) }
    }

    /// - Parameter number: days from the shop's first one on, and so of the invoice.
    private static func line(customer: Int64, number: Int64, price: Int64) -> OwnedLine {
        let invoice = "\(536_000 + number)"
        return OwnedLine(
            invoice,
            invoice,
            description: "",
            country: "",
            customer: customer,
            minute: 21_500_000 + number * 1_440,
            price: price
        )
    }
}

extension TransactionStore {
    /// Ingests the lines in one batch.
    @discardableResult
    package func ingest(_ lines: some Sequence<OwnedLine>) throws -> IngestCounts {
        try ingest { session in
            for line in lines { try line.withLine { try session.add($0) } }
            return try session.commit()
        }
    }
}
