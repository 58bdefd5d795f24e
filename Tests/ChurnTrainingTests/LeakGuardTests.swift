import ChurnFeatures
import ChurnModel
import ChurnTraining
import Foundation
import Testing

/// The features of the study's leak table, made from the real lines for the customers of the prototype's protocol.
private struct LeakTable {
    let labels: [Bool]
    let known: Dataset
    let leaks: [ImportedColumn]
    let legitimate: [ImportedColumn]

    static let real = Result { try LeakTable() }

    /// Names of the table, with what each is made from.
    static let lineages: [FeatureLineage] = [
        FeatureLineage(name: "Recency", parents: ["recency_24h"], readsCalendar: false, reads: "renames it"),
        FeatureLineage(
            name: "LifetimeDays_373_minus_R",
            parents: ["recency_24h"],
            readsCalendar: false,
            reads: "changes its sign"
        ),
        FeatureLineage(
            name: "PurchaseRate",
            parents: ["Frequency", "LifetimeDays_373_minus_R"],
            readsCalendar: false,
            reads: "divides them"
        ),
        FeatureLineage(
            name: "MonetaryPerDay",
            parents: ["Monetary", "LifetimeDays_373_minus_R"],
            readsCalendar: false,
            reads: "divides them"
        ),
        FeatureLineage(name: "n_last30", readsCalendar: true, reads: "counts invoices of the last 30 days"),
        FeatureLineage(name: "n_last90", readsCalendar: true, reads: "counts invoices of the last 90 days"),
        FeatureLineage(name: "n_last180", readsCalendar: true, reads: "counts invoices of the last 180 days"),
        FeatureLineage(
            name: "span_last_minus_first",
            readsCalendar: true,
            reads: "measures the days from first to last purchase"
        ),
        FeatureLineage(
            name: "tenure_ref_minus_first",
            parents: ["tenure_days"],
            readsCalendar: false,
            reads: "renames it"
        ),
        FeatureLineage(
            name: "gap_mean",
            parents: ["span_last_minus_first", "Frequency"],
            readsCalendar: false,
            reads: "divides them"
        ),
        FeatureLineage(name: "n_month", readsCalendar: true, reads: "counts the months with a purchase"),
        FeatureLineage(name: "share_Q4", readsCalendar: true, reads: "counts invoices since 2011-09-10"),
        FeatureLineage(
            name: "max_InvoiceNo",
            readsCalendar: true,
            reads: "takes invoice numbers, which grow with time"
        ),
        FeatureLineage(
            name: "mean_InvoiceNo",
            readsCalendar: true,
            reads: "takes invoice numbers, which grow with time"
        ),
        FeatureLineage(
            name: "Cluster",
            parents: ["Recency", "Frequency", "Monetary"],
            readsCalendar: false,
            reads: "groups them"
        ),
        FeatureLineage(name: "cancel_after_or_last_any", readsCalendar: true, reads: "dates the last cancellation"),
    ]

    private init() throws {
        let snapshot = try RealData.shared()
        let recencyColumn = try #require(snapshot.feature("recency_24h"))
        let kept = (0..<snapshot.rowCount).filter { recencyColumn[recencyColumn.startIndex + $0] != 374 }
        func feature(_ name: String) throws -> [Double] {
            let column = try #require(snapshot.feature(name))
            return kept.map { column[column.startIndex + $0] }
        }
        labels = kept.map { snapshot.labels[$0] }
        let eight = InputSet(
            name: "raw",
            inputs: InputSet.legitimate8.features.map { InputDefinition($0) }
        )
        known = try Dataset([snapshot], inputs: eight).selecting(rows: kept)

        let byCustomer = Dictionary(uniqueKeysWithValues: try RealData.lines.get().map { ($0.key, $0.value) })
        let end = snapshot.context.lastPurchaseMinute + 1_440
        var derived: [String: [Double]] = [:]
        var honest: [String: [Double]] = [:]
        let recency = try feature("recency_24h")
        let frequency = try feature("Frequency")
        for (row, number) in kept.enumerated() {
            let lines = byCustomer[snapshot.customers[number]] ?? []
            let purchases = lines.filter { $0.quantityMilli >= 0 }
            let invoices = Dictionary(grouping: purchases, by: \.invoice).mapValues { $0.map(\.minute).min() ?? 0 }
            func within(_ days: Int64) -> Double {
                Double(invoices.values.count { $0 >= end - days * 1_440 })
            }
            let first = purchases.map(\.minute).min() ?? 0
            let last = purchases.map(\.minute).max() ?? 0
            let span = Double((last - first) / 1_440)
            let numbers = invoices.keys.map { Double(String(decoding: $0, as: UTF8.self)) ?? 0 }
            let months = Set(purchases.map { CivilTime.format(minute: $0.minute).prefix(7) })
            let lastCancellation = lines.filter { $0.quantityMilli < 0 }.map(\.minute).max()
            let dated: [String: Double] = [
                "Recency": recency[row],
                "LifetimeDays_373_minus_R": 373 - recency[row],
                "n_last30": within(30), "n_last90": within(90), "n_last180": within(180),
                "span_last_minus_first": span,
                "tenure_ref_minus_first": Double((end - first) / 1_440),
                "gap_mean": invoices.count > 1 ? span / Double(invoices.count - 1) : 0,
                "n_month": Double(months.count),
                "share_Q4": within(90) / Double(invoices.count),
                "max_InvoiceNo": numbers.max() ?? 0,
                "mean_InvoiceNo": numbers.reduce(0, +) / Double(numbers.count),
                "cancel_after_or_last_any": lastCancellation.map { Double((end - $0) / 1_440) } ?? 9_999,
            ]
            for (name, value) in dated { derived[name, default: []].append(value) }
            for (name, value) in Self.honestFigures(purchases, invoices: invoices.count) {
                honest[name, default: []].append(value)
            }
        }
        derived["PurchaseRate"] = zip(frequency, recency).map { $0 / (374 - $1) }
        derived["MonetaryPerDay"] = zip(try feature("Monetary"), recency).map { $0 / (374 - $1) }
        // What k-means makes of it, in short: cuts through recency and frequency.
        derived["Cluster"] = zip(recency, frequency).map { recency, frequency in
            recency > 100 ? 3 : frequency > 6 ? 0 : recency < 30 ? 2 : 1
        }
        leaks = Self.lineages.map { ImportedColumn(name: $0.name, values: derived[$0.name] ?? []) }
        legitimate = honest.sorted { $0.key < $1.key }.map { ImportedColumn(name: $0.key, values: $0.value) }
    }

    /// More of the study's legitimate inputs.
    private static func honestFigures(_ purchases: [RealData.Line], invoices: Int) -> [String: Double] {
        let rows = Double(purchases.count)
        let units: Double = purchases.reduce(0) { $0 + Double($1.quantityMilli) / 1_000 }
        let prices = purchases.map { $0.amountMilli * 1_000 / $0.quantityMilli }.sorted()
        var amounts: [[UInt8]: Double] = [:]
        var products: [[UInt8]: Set<[UInt8]>] = [:]
        for line in purchases {
            amounts[line.invoice, default: 0] += Double(line.amountMilli)
            products[line.stockCode, default: []].insert(line.invoice)
        }
        let count = Double(amounts.count)
        let mean: Double = amounts.values.reduce(0, +) / count
        let squares: Double = amounts.values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let deviation = (squares / max(1, count - 1)).squareRoot()
        return [
            "rows": rows, "units_per_row": units / rows, "median_price": Double(prices[prices.count / 2]),
            "rows_per_invoice": rows / Double(invoices), "largest_invoice": amounts.values.max() ?? 0,
            "cv_of_invoices": mean > 0 ? deviation / mean : 0,
            "share_reordered": Double(products.values.count { $0.count > 1 }) / Double(products.count),
        ]
    }
}

@Suite struct LeakGuardTests {
    private let shared = Snapshot.Window.shared(recencyAbove: 90)

    /// The inputs that stop a fit.
    private func refused(_ inputs: [String], by guarding: LeakGuard) -> [String] {
        do throws(TrainingError) {
            _ = try guarding.check(inputs)
            return []
        } catch {
            guard case .leaks(let findings) = error else { return ["another error: \(error)"] }
            return findings.map(\.input)
        }
    }

    @Test("every leak of the study is named by its lineage")
    func table() throws {
        var lineages = FeatureLineages.schema
        try lineages.declare(LeakTable.lineages)
        let guarding = LeakGuard(window: shared, lineages: lineages)
        #expect(LeakTable.lineages.count == 16)
        for lineage in LeakTable.lineages {
            let finding = try #require(guarding.finding(lineage.name), "\(lineage.name)")
            #expect(finding.input == lineage.name)
            #expect(finding.description.contains("in the window that the label is made from"))
        }
        let names = LeakTable.lineages.map(\.name)
        #expect(refused(["Frequency"] + names, by: guarding) == names)
        // Rates and the cluster descend from what reads the calendar; the message shows the way.
        #expect(
            guarding.finding("PurchaseRate")?.description
                == "input \"PurchaseRate\" descends from LifetimeDays_373_minus_R, then recency_24h, which dates the last "
                + "purchase, in the window that the label is made from"
        )
    }

    @Test("none of the legitimate inputs is refused, nor are the prototype's")
    func legitimate() throws {
        let guarding = LeakGuard(window: shared)
        for set in [InputSet.seed3, .seed3Log, .legitimate8] {
            #expect(try guarding.check(set.features).allowed == [])
        }
        let table = try LeakTable.real.get()
        for column in table.legitimate {
            #expect(try guarding.finding(column, labels: table.labels, known: table.known) == nil, "\(column.name)")
        }
        // Without their lineage too.
        let ignorant = try LeakGuard(window: shared, lineages: FeatureLineages([]))
        for (index, name) in table.known.inputs.enumerated() {
            let column = ImportedColumn(name: name, values: Array(table.known.column(index)))
            #expect(try ignorant.finding(column, labels: table.labels, known: table.known) == nil, "\(name)")
        }
    }

    @Test("without lineage, figures name all of them but one")
    func statistics() throws {
        let table = try LeakTable.real.get()
        let guarding = LeakGuard(window: shared)
        var named: [String: LeakFinding] = [:]
        for column in table.leaks {
            named[column.name] = try guarding.finding(column, labels: table.labels, known: table.known)
        }
        let missed = table.leaks.map(\.name).filter { named[$0] == nil }
        // The date of the last cancellation looks like an honest column; only its lineage tells.
        #expect(missed == ["cancel_after_or_last_any"])
        #expect(named["Recency"]?.description.contains("alone has an AUC of 1.0") == true)
        #expect(named["tenure_ref_minus_first"]?.description.contains("% of rows are all not churned") == true)
        #expect(named["MonetaryPerDay"]?.description.contains("Monetary / x has an AUC of 1.0") == true)
    }

    @Test("where the windows are disjoint, only what lies beyond the cutoff is refused")
    func disjoint() throws {
        var lineages = FeatureLineages.schema
        try lineages.declare([
            FeatureLineage(
                name: "next_order",
                readsCalendar: true,
                readsAfterCutoff: true,
                reads: "counts invoices of the next month"
            ),
            FeatureLineage(name: "scaled", parents: ["next_order"], readsCalendar: false, reads: "divides it"),
            FeatureLineage(
                name: "encoded",
                parents: [FeatureLineages.label, "Frequency"],
                readsCalendar: false,
                reads: "averages it"
            ),
        ])
        let guarding = LeakGuard(window: .after(horizonDays: 90), lineages: lineages)
        #expect(try guarding.check(FeatureSchema.current.names).allowed == [])
        #expect(guarding.finding("next_order")?.description.contains("at or after the cutoff") == true)
        #expect(guarding.finding("scaled")?.description.contains("descends from next_order") == true)
        #expect(guarding.finding("encoded")?.reason == .label(path: ["encoded"]))
        #expect(LeakGuard(window: shared, lineages: lineages).finding("encoded")?.reason == .label(path: ["encoded"]))
    }

    @Test("the schema's features: which may be used with the prototype's protocol")
    func schema() throws {
        let guarding = LeakGuard(window: shared)
        for name in FeatureSchema.current.names { #expect(FeatureLineages.schema.lineage(of: name) != nil, "\(name)") }
        #expect(
            FeatureSchema.current.names.filter { guarding.finding($0) == nil } == [
                "Frequency", "Monetary", "AvgOrderValue", "units", "max_quantity", "distinct_products",
                "last_day_products", "mean_hour", "cancel_rate", "net_monetary", "net_units",
            ]
        )
    }

    @Test("an input that is allowed by name passes, and is reported")
    func allowed() throws {
        let guarding = LeakGuard(window: shared, allowed: ["recency_24h"])
        let report = try guarding.check(["Frequency", "recency_24h"])
        #expect(report.allowed.map(\.input) == ["recency_24h"])
        #expect(report.notes.count == 1 && report.notes[0].hasPrefix("Leak allowed by name: input \"recency_24h\""))
        #expect(refused(["recency_24h", "tenure_days"], by: guarding) == ["tenure_days"])
        #expect(throws: TrainingError.self) { try guarding.check(["Frequency"]) }
        #expect(throws: TrainingError.unknownFeature("colour")) { try LeakGuard(window: shared).check(["colour"]) }
    }

    @Test("imported columns are checked with the rest")
    func imported() throws {
        let table = try LeakTable.real.get()
        let guarding = LeakGuard(window: shared)
        let leak = try #require(table.leaks.first { $0.name == "n_last90" })
        let honest = table.legitimate[0]
        #expect(throws: TrainingError.self) {
            try guarding.check(["Frequency"], imported: [honest, leak], known: table.known)
        }
        let report = try guarding.check(["Frequency"], imported: [honest], known: table.known)
        #expect(report.inputs == ["Frequency", honest.name])
        #expect(throws: TrainingError.self) {
            try guarding.finding(ImportedColumn(name: "short", values: [1]), labels: table.labels, known: nil)
        }
    }

    @Test("lineages name each feature once and their parents exist")
    func declarations() {
        let a = FeatureLineage(name: "a", readsCalendar: false, reads: "x")
        #expect(throws: TrainingError.duplicateInput("a")) { try FeatureLineages([a, a]) }
        #expect(throws: TrainingError.unknownFeature("b")) {
            try FeatureLineages([FeatureLineage(name: "a", parents: ["b"], readsCalendar: false, reads: "x")])
        }
        // A circle ends.
        let circle = try? FeatureLineages([
            FeatureLineage(name: "a", parents: ["b"], readsCalendar: false, reads: "x"),
            FeatureLineage(name: "b", parents: ["a"], readsCalendar: false, reads: "x"),
        ])
        #expect(circle.map { LeakGuard(window: .shared(recencyAbove: 90), lineages: $0).finding("a") } == .some(nil))
    }
}
