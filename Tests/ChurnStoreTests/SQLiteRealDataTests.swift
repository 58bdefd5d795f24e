import ChurnFeatures
import ChurnStore
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// The whole real data set through the store. Each test has its own file; one store of the plain ingest serves the
/// comparisons.
@Suite(.serialized) struct SQLiteRealDataTests {
    private struct Reference: Decodable {
        struct Counts: Decodable {
            var nonnull_customer_rows: Int64
            var cleaned_rows: Int64
            var cancellation_rows_with_customer: Int64
            var cancellation_invoices_with_customer: Int64
            var cleaned_customers: Int64
            var cleaned_invoices: Int64
            var total_amount_milli: Int64
            var customers_with_only_cancellations: Int64
            var exact_duplicate_rows_kept: Int64
        }

        struct Named: Decodable {
            var CustomerID: Int64
            var MonetaryMilli: Int64
            var lines: Int64
        }

        var counts: Counts
        var rfm_named: [Named]

        static func load() throws -> Reference {
            let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            let data = try Data(contentsOf: tests.appendingPathComponent("Fixtures/seed_reference.json"))
            return try JSONDecoder().decode(Reference.self, from: data)
        }
    }

    /// What every other way of ingesting the same lines is held to.
    private struct Plain {
        var transactionsHash: UInt64
        var build: FeatureBuild
    }

    private static let plain = Result {
        try withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/plain.sqlite", access: .create)
            try store.ingest(files: [try RealData.path()])
            return Plain(
                transactionsHash: try store.transactionsHash(),
                build: try store.buildFeatures(asOfDay: nil).build
            )
        }
    }

    @Test("counts, features and look-ups equal the reference")
    func reference() throws {
        let reference = try Reference.load()
        try withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/deep/er/churn.sqlite", access: .create)
            let ingested = try store.ingest(files: [try RealData.path()])
            #expect(ingested == IngestCounts(added: reference.counts.nonnull_customer_rows, alreadyThere: 0))

            let counts = try store.transactionCounts()
            #expect(counts.lines == reference.counts.nonnull_customer_rows)
            #expect(counts.purchaseLines == reference.counts.cleaned_rows)
            #expect(counts.cancelLines == reference.counts.cancellation_rows_with_customer)
            #expect(counts.customers - counts.purchasers == reference.counts.customers_with_only_cancellations)
            #expect(counts.purchasers == reference.counts.cleaned_customers)
            #expect(counts.purchaseInvoices == reference.counts.cleaned_invoices)
            #expect(counts.cancelInvoices == reference.counts.cancellation_invoices_with_customer)
            #expect(counts.revenueMilli == reference.counts.total_amount_milli)
            #expect(counts.firstMinute.map(CivilTime.format(minute:)) == "2010-12-01 08:26")
            #expect(counts.lastMinute.map(CivilTime.format(minute:)) == "2011-12-09 12:50")
            try expectCopies(in: store, exactDuplicates: reference.counts.exact_duplicate_rows_kept)

            let report = try store.buildFeatures(asOfDay: nil)
            #expect(report.build.generation == 1)
            #expect(CivilTime.format(minute: report.build.context.asOfMinute) == "2011-12-10 00:00")
            #expect(CivilTime.format(minute: report.build.context.lastPurchaseMinute) == "2011-12-09 12:50")
            #expect(report.build.customers == reference.counts.cleaned_customers)
            #expect(report.purchaseLines == reference.counts.cleaned_rows)
            #expect(report.cancelLines == reference.counts.cancellation_rows_with_customer)
            #expect(report.purchaseInvoices == reference.counts.cleaned_invoices)
            #expect(report.revenueMilli == reference.counts.total_amount_milli)
            #expect(report.cancelOnlyCustomers == reference.counts.customers_with_only_cancellations)

            let reading = try SQLiteStore(path: directory + "/deep/er/churn.sqlite", access: .read)
            #expect(try reading.latestBuild() == report.build)
            let table = try reading.loadFeatures()
            #expect(table.rowCount == Int(reference.counts.cleaned_customers))
            #expect(table.generation == 1)
            #expect(table.context == report.build.context)
            for named in reference.rfm_named {
                let record = try #require(try reading.record(of: named.CustomerID))
                #expect(record.facts.amountMilli == named.MonetaryMilli)
                #expect(record.facts.purchaseLines == named.lines)
                try expectRow(of: record, in: table)
            }
            #expect(try reading.record(of: 1) == nil)
        }
    }

    /// The second of two equal purchases is a line of its own. The reference counts lines that are equal in every
    /// column; a few more (two) are equal in the key and differ in the description.
    private func expectCopies(in store: SQLiteStore, exactDuplicates: Int64) throws {
        var copies = 0
        try store.forEachLineByCustomer(before: .max) { if $0.copy > 0, !$0.isCancellation { copies += 1 } }
        let purchases = try RealData.lines.get().filter { $0.quantityMilli >= 0 }.map { line in
            var line = line
            line.copy = 0
            return line
        }
        #expect(Int64(purchases.count - Set(purchases).count) == exactDuplicates)
        let keys = Set(
            purchases.map { line in
                var key = line
                key.description = ""
                key.country = ""
                return key
            }
        )
        #expect(copies == purchases.count - keys.count)
        #expect(copies - Int(exactDuplicates) == 2)
    }

    /// The table's row and one made from the looked-up facts have the same bits.
    private func expectRow(of record: CustomerRecord, in table: FeatureTable) throws {
        let row = try #require(table.row(of: record.facts.customer))
        var expected = [Double](repeating: 0, count: table.schema.names.count)
        expected.withUnsafeMutableBufferPointer {
            table.schema.write(record.facts, record.build.context, to: $0)
        }
        withExtendedLifetime(table) {
            let found = UnsafeBufferPointer(start: table.features(row: row), count: table.schema.names.count)
            #expect(found.map(\.bitPattern) == expected.map(\.bitPattern))
        }
    }

    @Test("the same file twice adds nothing, and a build of the same lines has the same hash")
    func twice() throws {
        let plain = try Self.plain.get()
        try withTemporaryDirectory { directory in
            let file = try RealData.path()
            let store = try SQLiteStore(path: directory + "/churn.sqlite", access: .create)
            let first = try store.ingest(files: [file], linesPerBatch: 777)
            let built = try store.buildFeatures(asOfDay: nil).build
            let second = try store.ingest(files: [file])
            #expect(second == IngestCounts(added: 0, alreadyThere: first.added))
            #expect(try store.transactionsHash() == plain.transactionsHash)
            let again = try store.buildFeatures(asOfDay: nil).build
            #expect(again.hash == built.hash && built.hash == plain.build.hash)
            #expect(again.generation == 2)
        }
    }

    @Test("two halves, cut between invoices, in either order")
    func halves() throws {
        let lines = try RealData.lines.get()
        // The first place after the middle where no invoice goes on: not every invoice is contiguous.
        let lastPlace = Dictionary(lines.indices.map { (lines[$0].invoice, $0) }, uniquingKeysWith: max)
        var cut = 0
        for index in lines.indices {
            cut = max(cut, (lastPlace[lines[index].invoice] ?? index) + 1)
            if cut == index + 1, index > lines.count / 2 { break }
        }
        try withTemporaryDirectory { directory in
            let files = [directory + "/1.csv", directory + "/2.csv"]
            try RealData.write(lines[..<cut], as: .original, to: files[0])
            try RealData.write(lines[cut...], as: .original, to: files[1])
            try expectSameStore { _ in files }
            try expectSameStore { _ in files.reversed() }
        }
    }

    @Test("exports that overlap by months")
    func overlap() throws {
        let lines = try RealData.lines.get()
        let april = try #require(CivilTime.parseDay("2011-04-01")) * 1_440
        let september = try #require(CivilTime.parseDay("2011-09-01")) * 1_440
        try expectSameStore { directory in
            try RealData.write(lines.filter { $0.minute < september }, as: .other, to: directory + "/1.csv")
            try RealData.write(lines.filter { $0.minute >= april }, as: .original, to: directory + "/2.csv")
            return [directory + "/1.csv", directory + "/2.csv"]
        }
    }

    @Test("305 daily files in another layout")
    func daily() throws {
        let days = Dictionary(grouping: try RealData.lines.get()) { CivilTime.split(minute: $0.minute).day }
        // Every day of the file has a customer.
        #expect(days.count == 305)
        try expectSameStore { directory in
            try days.sorted { $0.key < $1.key }.map { day, lines in
                let path = "\(directory)/\(CivilTime.format(day: day)).csv"
                try RealData.write(lines, as: .other, to: path)
                return path
            }
        }
    }

    /// Ingests the files that `write` makes into a new store and compares it with the plain one, row for row.
    private func expectSameStore(_ write: (String) throws -> [String]) throws {
        let plain = try Self.plain.get()
        try withTemporaryDirectory { directory in
            let files = try write(directory)
            let store = try SQLiteStore(path: directory + "/churn.sqlite", access: .create)
            try store.ingest(files: files)
            #expect(try store.transactionsHash() == plain.transactionsHash)
            #expect(try store.buildFeatures(asOfDay: nil).build.hash == plain.build.hash)
        }
    }

    @Test("a build as of a day has the history before it only, and an early one leaves the last build alone")
    func asOf() throws {
        try withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/churn.sqlite", access: .create)
            try store.ingest(files: [try RealData.path()])
            let day = try #require(CivilTime.parseDay("2011-09-10"))
            let report = try store.buildFeatures(asOfDay: day)
            // From temporal_reference.json: cutoffs, 2011-09-10, n.
            #expect(report.build.customers == 3_370)
            #expect(report.build.context.lastPurchaseMinute < day * 1_440)
            let first = try #require(CivilTime.parseDay("2010-12-01"))
            let early = StoreError.emptyHistory(store: store.location.description, asOfMinute: first * 1_440)
            #expect(throws: early) { try store.buildFeatures(asOfDay: first) }
            #expect(throws: StoreError.self) { try store.buildFeatures(asOfDay: .min) }
            #expect(try store.latestBuild() == report.build)
            #expect(try store.loadFeatures().rowCount == 3_370)
            #expect(try store.buildFeatures(asOfDay: .max).build.customers == 4_339)
        }
    }
}
