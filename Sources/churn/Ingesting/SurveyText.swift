internal import ChurnBase
internal import ChurnFeatures

/// What stands out in the lines, for people and for programs.
enum SurveyText {
    /// One line each, of what is worth one.
    static func warnings(_ findings: SurveyFindings) -> [String] {
        var warnings: [String] = []
        let advice = "check its dates, or leave them out with"
        if let last = findings.lastDay, findings.isLastDayAfterToday || findings.farLastDay != nil {
            var parts: [String] = []
            if let far = findings.farLastDay { parts.append(gap(far, "after")) }
            if findings.isLastDayAfterToday { parts.append("is after today") }
            warnings.append("the last day, \(text(last)), \(parts.joined(separator: " and ")); \(advice) --until")
        }
        if let far = findings.farFirstDay {
            warnings.append("the first day, \(text(far.day)), \(gap(far, "before")); \(advice) --since")
        }
        if findings.isLineLarge, let (line, share) = findings.largestLine {
            warnings.append(
                "one line has \(percent(share)) of all revenue: invoice \(line.invoice.oneLine) of customer "
                    + "\(customerName(line.customer, line.customerText)) on \(CivilTime.format(minute: line.minute)); check its quantity and price"
            )
        }
        if findings.isCustomerLarge, let (number, text, share) = findings.largestCustomer {
            warnings.append(
                "one customer has \(percent(share)) of all revenue: \(customerName(number, text)); check whether it stands for many"
            )
        }
        return warnings
    }

    /// Rows of a table: a name and a value.
    static func rows(_ findings: SurveyFindings) -> [[String]] {
        guard let first = findings.firstDay, let last = findings.lastDay else { return [] }
        var rows = [["first day", text(first)], ["last day", text(last)]]
        var pauses = groupedText(findings.daysWithoutSales)
        if let pause = findings.longestPause {
            let end = pause.firstDay + pause.days - 1
            pauses += ", at most \(groupedText(pause.days)) together: \(text(pause.firstDay)) to \(text(end))"
        }
        rows.append(["days without sales", pauses])
        if let (number, text, share) = findings.largestCustomer {
            rows.append(["largest customer", "\(customerName(number, text)) with \(percent(share)) of all revenue"])
        }
        if let (line, share) = findings.largestLine {
            rows.append(["largest line", "invoice \(line.invoice.oneLine) with \(percent(share)) of all revenue"])
        }
        return rows
    }

    static func object(_ findings: SurveyFindings) -> JSON {
        .object([
            ("first_day", .optional(findings.firstDay) { .string(text($0)) }),
            ("last_day", .optional(findings.lastDay) { .string(text($0)) }),
            ("days_without_sales", .integer(findings.daysWithoutSales)),
            (
                "longest_pause",
                .optional(findings.longestPause) { pause in
                    .object([("first_day", .string(text(pause.firstDay))), ("days", .integer(pause.days))])
                }
            ),
            (
                "largest_customer",
                .optional(findings.largestCustomer) {
                    .object([("customer_id", .customer($0.id, text: $0.text)), ("share", .number($0.share))])
                }
            ),
            (
                "largest_line",
                .optional(findings.largestLine) {
                    .object([
                        ("invoice", .string($0.line.invoice)),
                        ("customer_id", .customer($0.line.customer, text: $0.line.customerText)),
                        ("share", .number($0.share)),
                    ])
                }
            ),
        ])
    }

    private static func text(_ day: Int64) -> String { CivilTime.format(day: day) }

    /// - Parameter side: `before` or `after`.
    private static func gap(_ far: FarDay, _ side: String) -> String {
        "stands \(groupedText(far.gapDays)) days \(side) all others"
            + (far.lines > 1 ? ", with \(groupedText(far.lines - 1)) more lines there" : "")
    }

    private static func percent(_ share: Double) -> String { roundedText(100 * share, decimals: 1) + " %" }
}
