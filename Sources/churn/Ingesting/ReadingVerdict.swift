internal import ChurnBase
internal import ChurnFeatures

/// What is to be done about what was read: nothing is kept of a command that was refused.
struct ReadingVerdict {
    /// Why nothing is to be kept; nil when the lines are good.
    private(set) var refusal: Failure?
    /// The inputs with lines of which none was kept, while others had some: the command does its work and fails then.
    private(set) var emptyInputs: Failure?
    /// One line each.
    private(set) var warnings: [String] = []

    init(_ summary: ReadingSummary, limit: RejectLimit, findings: SurveyFindings) {
        let total = summary.total
        refusal = Self.tooManyRejects(summary, limit) ?? Self.nothingKept(summary)
        if refusal == nil { emptyInputs = Self.emptyInputs(summary) }
        for report in summary.files where report.counts.lines == 0 {
            warnings.append("\(report.path): has a header and no lines")
        }
        if let currencies = Self.currencies(summary) { warnings.append(currencies) }
        if total.kept > 0 { warnings += SurveyText.warnings(findings) }
        if total.cancellationFormPurchases > 0 {
            let lines = total.cancellationFormPurchases
            warnings.append(
                "\(groupedText(lines)) \(lines == 1 ? "purchase has" : "purchases have") an invoice in the form of a "
                    + "cancellation, such as C123; if they are cancellations, say so with --cancelled-invoices 'C*'"
            )
        }
    }

    /// Refuses what nothing else speaks against.
    mutating func refuse(_ failure: Failure) {
        if refusal == nil { refusal = failure }
    }

    /// Adds a warning of these customers, where there are any: a few of billions, and no reason to refuse a file.
    mutating func note(_ collided: CollidedCustomers) {
        if let warning = collided.warning { warnings.append(warning) }
    }

    /// Of one file they are one, or it is refused.
    private static func currencies(_ summary: ReadingSummary) -> String? {
        let files = summary.files.filter { $0.counts.kept > 0 && $0.currency != nil }
        guard let first = files.first, let other = files.first(where: { $0.currency != first.currency }) else {
            return nil
        }
        return
            "\(first.path): amounts are in \(first.currency ?? ""), and in \(other.path) in \(other.currency ?? ""); they are "
            + "added up as if they were one currency: ingest the files of one"
    }

    private static func tooManyRejects(_ summary: ReadingSummary, _ limit: RejectLimit) -> Failure? {
        let total = summary.total
        guard total.faults > limit.limit(of: total.lines) else { return nil }
        let worst = summary.files.max { $0.counts.faults < $1.counts.faults }
        guard let worst, let reason = Self.mostFrequentFault(worst.counts) else { return nil }
        let example = worst.examples.first { $0.reason == reason }
        var text =
            "\(worst.path.oneLine): \(groupedText(total.faults)) of \(groupedText(total.lines)) lines are rejected"
        text += ", more than \(limit.text(of: total.lines)); most for \(reason.name)"
        if let example { text += ", first line \(example.line): \(example.text)" }
        return Failure(
            .badData,
            text
                + "; nothing was kept; \(advice(for: reason)), see all with --rejects FILE, or allow more with --max-rejects"
        )
    }

    /// The first of several.
    private static func mostFrequentFault(_ counts: ReadingCounts) -> RejectReason? {
        var most: (reason: RejectReason, lines: Int64)?
        for fault in counts.faultReasons where fault.lines > most?.lines ?? 0 { most = fault }
        return most?.reason
    }

    private static func nothingKept(_ summary: ReadingSummary) -> Failure? {
        let total = summary.total
        guard total.lines > 0, total.kept == 0, let first = summary.files.first(where: { $0.counts.lines > 0 }) else {
            return nil
        }
        let others = summary.files.count > 1 ? " and \(summary.files.count - 1) more" : ""
        return Failure(.badData, "\(first.path.oneLine)\(others): nothing was kept, \(cause(total))")
    }

    private static func emptyInputs(_ summary: ReadingSummary) -> Failure? {
        let empty = summary.files.filter { $0.counts.lines > 0 && $0.counts.kept == 0 }
        guard let first = empty.first else { return nil }
        let others = empty.count > 1 ? " and \(empty.count - 1) more" : ""
        return Failure(
            .badData,
            "\(first.path.oneLine)\(others): nothing was kept of it, \(cause(first.counts)); the other files were kept"
        )
    }

    /// Why no line was kept, and what may help.
    private static func cause(_ counts: ReadingCounts) -> String {
        let reasons = counts.rejectedReasons
        guard let most = reasons.max(by: { $0.lines < $1.lines }) else { return "nothing in it is a line" }
        let subject = counts.lines == 1 ? "the only line is" : "all \(groupedText(counts.lines)) lines are"
        guard reasons.count == 1 else {
            return "\(subject) rejected or left out, most for \(most.reason.name); \(advice(for: most.reason))"
        }
        return switch most.reason {
        case .noCustomer: "\(subject) without a customer; \(advice(for: .noCustomer))"
        case let reason where reason.isFault: "\(subject) rejected for \(reason.name); \(advice(for: reason))"
        case let reason: "\(subject) left out; \(advice(for: reason))"
        }
    }

    /// The flag that most likely helps.
    private static func advice(for reason: RejectReason) -> String {
        switch reason {
        case .recordTooLong, .badQuotes, .wrongFieldCount: "say what separates fields with --separator"
        case .noCustomer, .badCustomer, .longCustomer, .customerCollision:
            "name another column with --columns customer=NAME"
        case .missingInvoice, .longInvoice: "name another column with --columns invoice=NAME"
        case .missingStockCode, .longStockCode: "name another column with --columns product=NAME"
        case .missingDate: "name another column with --columns date=NAME"
        case .badDate: "say how dates are written with --dates"
        case .excludedStatus: "take a status out of --exclude"
        case .outsideDays: "choose other days with --since and --until"
        case .badQuantity, .zeroQuantity: "name another column with --columns quantity=NAME"
        case .badPrice, .negativePrice, .absurdAmount: "say how numbers are written with --decimal"
        case .longDescription: "name another column with --columns description=NAME"
        case .longCountry: "name another column with --columns country=NAME"
        }
    }
}

extension ReadingCounts {
    /// Why lines are rejected, in the order of the checks.
    var faultReasons: [(reason: RejectReason, lines: Int64)] { rejectedReasons.filter(\.reason.isFault) }

    /// Why lines are left out on purpose, but for those without a customer.
    var leftOutReasons: [(reason: RejectReason, lines: Int64)] {
        rejectedReasons.filter { !$0.reason.isFault && $0.reason != .noCustomer }
    }
}
