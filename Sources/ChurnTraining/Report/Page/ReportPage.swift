internal import ChurnFeatures
internal import ChurnModel

/// The report as one page: HTML that is also well-formed XML, with its style and pictures inside it, and no script.
struct ReportPage {
    let report: TrainingReport

    init(_ report: TrainingReport) {
        self.report = report
    }

    var text: String {
        let parts = sections
        var page = """
            <!DOCTYPE html>
            <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>\(escaped(title))</title>
            <style>
            \(ReportStyle.css)
            </style>
            </head>
            <body>
            <main>

            """
        page += header(parts)
        for part in parts {
            page += "<section id=\"\(part.id)\">\n<h2>\(escaped(part.title))</h2>\n\(part.body)</section>\n"
        }
        return page + footer + "</main>\n</body>\n</html>\n"
    }

    struct Section {
        /// Within the page.
        var id: String
        /// In the list of contents.
        var name: String
        var title: String
        var body: String
    }

    private var sections: [Section] {
        [
            dataSection, rankingSection, calibrationSection, contactSection, decisionSection, inputsSection,
            followingSection, choiceSection, segmentSection, leakSection, guideSection,
        ]
        .compactMap { $0 }
    }

    var isForecast: Bool { if case .temporal = report.kind { true } else { false } }

    private var title: String { "\(report.model.name) \(report.model.version): training report" }

    // MARK: Header

    private func header(_ sections: [Section]) -> String {
        let links = sections.map { "<a href=\"#\($0.id)\">\(escaped($0.name))</a>" }.joined(separator: "\n")
        return """
            <header>
            <p class="over">\(escaped(report.model.name)) · version \(report.model.version)</p>
            <h1>\(isForecast ? "Who will not come back?" : "The prototype, reproduced")</h1>
            <p class="lede">\(lede)</p>
            <div class="kpis">
            \(figures)</div>
            \(isForecast ? "" : warning)<nav>
            \(links)
            </nav>
            </header>

            """
    }

    private var lede: String {
        let metrics = report.test.metrics
        let rows = ReportText.count(metrics.rowCount)
        let base = ReportText.percent(metrics.baseRate)
        switch report.kind {
        case .temporal(let cutoff, let days):
            return
                "On <strong>\(longDate(cutoff))</strong> the model looked at what <strong>\(rows) customers</strong> had "
                + "bought so far, and said how likely each of them was to buy nothing in the \(days) days that followed. "
                + "<strong>\(base)</strong> of them did not come back. It had never seen those \(days) days."
        case .seed(let days):
            return
                "The prototype called a customer churned whose last purchase lay more than <strong>\(days) days</strong> "
                + "before the end of the data. This is its model, fitted again and measured on the <strong>\(rows) "
                + "customers</strong> it had set aside; <strong>\(base)</strong> of them count as churned."
        }
    }

    private let warning = """
        <div class="warn"><p>These figures are not a forecast. The label is made from the same days as the features, so they \
        say how well the model describes the past, not what it knows of the future.</p></div>

        """

    private var figures: String {
        let test = report.test
        let confusion = test.confusion
        let threshold = ReportText.percent(report.model.threshold)
        return figure(
            "Ranking (AUC)",
            ReportText.number(test.metrics.areaUnderROC, decimals: 3),
            "95 % interval \(intervalText(test.intervals["roc_auc"], decimals: 3)); 0.5 is a coin, 1 is perfect"
        )
            + figure(
                "Base rate",
                ReportText.percent(test.metrics.baseRate),
                "\(ReportText.count(test.metrics.positiveCount)) of \(ReportText.count(test.metrics.rowCount)) customers "
                    + "\(isForecast ? "did not come back" : "count as churned")"
            )
            + figure(
                "Best tenth",
                ReportText.number(test.metrics.liftAtTenPercent, decimals: 2) + " ×",
                "as many churners among the 10 % with the highest scores as among all customers"
            )
            + figure(
                "Found",
                ReportText.percent(confusion.recall, decimals: 0),
                "of the churners score at or above the threshold of \(threshold); "
                    + "\(ReportText.percent(confusion.precision, decimals: 0)) of those named are churners"
            )
    }

    private func figure(_ name: String, _ value: String, _ note: String) -> String {
        "<div class=\"kpi\"><span class=\"name\">\(name)</span><b>\(value)</b><span>\(note)</span></div>\n"
    }

    // MARK: Footer

    private var footer: String {
        var text = "<footer>\n<p>\(escaped(report.procedure))</p>\n"
        for note in report.notes { text += "<p>\(escaped(note))</p>\n" }
        text +=
            "<p>Data: \(escaped(report.data.fingerprint)). The same data and settings give this page again, byte for "
        text += "byte; report.json beside it has every figure in full.</p>\n</footer>\n"
        return text
    }
}
