internal import ChurnFeatures

extension ReportPage {
    var dataSection: Section {
        let data = report.data
        let from = longDate(CivilTime.format(minute: data.firstMinute))
        let until = longDate(CivilTime.format(minute: data.lastMinute))
        var body = "<p>\(ReportText.count(Int(data.lines))) transaction lines of "
        body += "\(ReportText.count(Int(data.customers))) customers, from \(from) to \(until). "
        if case .temporal(_, let days) = report.kind {
            body += "The model learnt from \(ReportText.count(report.trainingRows)) looks at "
            body += "\(ReportText.count(report.trainingCustomers)) of them: at each of \(report.trainingCutoffs.count) "
            body += "training cutoffs, what a customer had done before it, and whether a purchase followed within "
            body += "\(days) days.</p>\n"
            body += figure(
                timeline,
                title: "What was known when",
                caption:
                    "No training label looks beyond the test cutoff, so nothing of what is to be forecast was seen."
            )
        } else {
            body += "The model was fitted to \(ReportText.count(report.trainingRows)) customers.</p>\n"
        }
        return Section(id: "data", name: "Data", title: "The data", body: body + counts)
    }

    private var counts: String {
        let data = report.data
        let base = Double(report.trainingPositives) / Double(max(1, report.trainingRows))
        let items = [
            ("Purchase lines", ReportText.count(Int(data.purchaseLines))),
            ("Orders", ReportText.count(Int(data.purchaseInvoices))),
            ("Cancellation lines", ReportText.count(Int(data.cancelLines))),
            ("Revenue", ReportText.number(Double(data.revenueMilli) / 1_000, decimals: 0)),
            ("Customers with a purchase", ReportText.count(Int(data.purchasers))),
            ("Training rows", ReportText.count(report.trainingRows)),
            ("Churned among them", ReportText.percent(base)),
            ("Test customers", ReportText.count(report.test.metrics.rowCount)),
        ]
        let rows = items.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>\n" }.joined()
        return "<dl>\n\(rows)</dl>\n"
    }

    /// Data, training cutoffs with the reach of their labels, and the test, on one axis of time.
    private var timeline: String {
        guard case .temporal(let testCutoff, let days) = report.kind, let test = CivilTime.parseDay(testCutoff) else {
            return ""
        }
        let first = CivilTime.split(minute: report.data.firstMinute).day
        let last = max(CivilTime.split(minute: report.data.lastMinute).day + 1, test + Int64(days))
        var plot = Plot(
            "Timeline of the data, the training cutoffs and the test",
            width: 900,
            height: 196,
            x: Double(first)...Double(last),
            left: 118,
            right: 10,
            top: 8,
            bottom: 34
        )
        let months = monthStarts(from: first, to: last)
        plot.xAxis(months.map { (Double($0.day), $0.text) }, hasGrid: true)
        let cutoffs = report.trainingCutoffs.compactMap { CivilTime.parseDay($0.cutoff) }
        func x(_ day: Int64) -> Double { plot.x(Double(day)) }
        plot.text("Data", x: 104, y: 35, .end, "label")
        plot.box(x: x(first), y: 26, width: x(last) - x(first), height: 12, radius: 6, "bar-hush")
        plot.text("Training", x: 104, y: 83, .end, "label")
        if let earliest = cutoffs.first, let latest = cutoffs.last {
            let reach = x(latest + Int64(days)) - x(earliest)
            plot.box(x: x(earliest), y: 74, width: reach, height: 12, radius: 6, "bar-soft")
            for cutoff in cutoffs { plot.circle(x: x(cutoff), y: 80, radius: 4.5, "dot") }
            plot.text(
                "\(cutoffs.count) cutoffs, \(shortDate(day: earliest)) to \(shortDate(day: latest))",
                x: x(earliest),
                y: 64,
                .start,
                "label-model"
            )
            plot.text("labels until \(shortDate(day: latest + Int64(days)))", x: x(latest) + 12, y: 104, .start, "tick")
        }
        plot.text("Test", x: 104, y: 139, .end, "label")
        plot.box(x: x(test), y: 130, width: x(test + Int64(days)) - x(test), height: 12, radius: 6, "tile-warm")
        plot.circle(x: x(test), y: 136, radius: 5.5, "dot-up")
        plot.text("\(shortDate(day: test)), then \(days) days", x: x(test) + 12, y: 124, .start, "label")
        return plot.svg
    }

    private func monthStarts(from first: Int64, to last: Int64) -> [(day: Int64, text: String)] {
        var (year, month, day) = CivilTime.date(days: first)
        if day > 1 { month += 1 }
        var starts: [(day: Int64, text: String)] = []
        while starts.count < 600 {
            if month > 12 {
                month = 1
                year += 1
            }
            day = Int(CivilTime.days(year: year, month: month, day: 1))
            guard day <= last else { break }
            let name = String(monthNames[month - 1].prefix(3))
            starts.append((Int64(day), month == 1 || starts.isEmpty ? "\(name) \(year)" : name))
            month += 1
        }
        // Long histories: as many names as there is room for.
        let stride = max(1, (starts.count + 13) / 14)
        return starts.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
    }
}
