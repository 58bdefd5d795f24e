import ChurnTraining
import Foundation
import FoundationXML
import TestSupport
import Testing

@Suite struct ReportTests {
    @Test("equal trainings give equal bytes, whatever the threads")
    func deterministic() throws {
        let one = try RealReport.temporal.get()
        let two = try RealReport.make(threads: 2)
        #expect(one.json == two.json)
        #expect(one.html == two.html)
    }

    @Test("the JSON has the figures that the metrics have, to the digit")
    func figures() throws {
        let report = try RealReport.temporal.get()
        let json = try AnyJSON(Data(report.json))
        #expect(json.format.text == "churn.training-report")
        for (name, value) in report.test.metrics.figures { #expect(json.test.metrics[name].number == value, "\(name)") }
        for (name, value) in report.test.confusion.figures { #expect(json.test.at_threshold[name].number == value) }
        for (name, interval) in report.test.intervals {
            #expect(json.test.intervals_95[name].lower.number == interval.lower)
            #expect(json.test.intervals_95[name].upper.number == interval.upper)
        }
        let expected = try Reference.temporal.get()
        #expect(differences(report.test.metrics.figures, expected.recommended_T10.test, names: metricNames) == [])
        #expect(json.model.input_set.text == "T10")
        #expect(json.protocol.test_cutoff.text == "2011-09-10")
        // Up to 15 rows are one customer's: the interval is the one that knows it.
        let (row, recency) = (report.coefficients[4], json.coefficients.list[4])
        #expect(row.input == "recency_days" && recency.input.text == row.input)
        #expect(recency.odds_ratio.upper.number == row.oddsRatio?.upper)
        let independent = exp(row.coefficient + 1.959963984540054 * (row.independentError ?? .nan))
        #expect(recency.odds_ratio.upper.number > independent * 1.01)
        #expect(json.coefficient_errors.text.contains("clustered by customer"))
        let following = try #require(report.following)
        #expect(following.cutoffs.count == 8)
        for cutoff in following.cutoffs {
            let there = expected.evaluation_over_cutoffs[cutoff.cutoff]
            #expect(abs(cutoff.model.areaUnderROC - there.T10.roc_auc.number) < 1e-9)
            #expect(abs(cutoff.prototype.areaUnderROC - there.seed3_raw.roc_auc.number) < 1e-9)
            #expect(Double(cutoff.trainingRows) == there.train_rows.number)
        }
        #expect(try AnyJSON(Data(RealReport.seed().json)).test.metrics.roc_auc.number == 0.7732880973903243)
    }

    @Test("bands hold their curves, and end where curves end")
    func bands() throws {
        let test = try RealReport.temporal.get().test
        for band in [test.bands.roc, test.bands.gain, test.bands.precisionRecall] {
            for point in band.points {
                #expect(point.lower <= point.upper)
                #expect((0...1).contains(point.lower) && (0...1).contains(point.upper))
                #expect((point.lower - 0.02...point.upper + 0.02).contains(point.estimate))
            }
        }
        #expect(test.bands.roc.points.first?.x == 0)
        #expect(test.bands.roc.points.last?.estimate == 1)
        #expect(test.bands.gain.points.last?.estimate == 1)
        #expect(abs((test.bands.precisionRecall.points.last?.estimate ?? 0) - test.metrics.baseRate) < 0.02)
        // The area under 100 trapezoids is nearly that under the curve.
        let points = test.bands.roc.points
        let area = zip(points, points.dropFirst()).reduce(0) { $0 + ($1.0.estimate + $1.1.estimate) / 2 * 0.01 }
        #expect(abs(area - test.metrics.areaUnderROC) < 1e-3)
    }

    @Test("the page is well-formed XML with every section, and nothing from elsewhere")
    func page() throws {
        let pages = [try RealReport.temporal.get().html, try RealReport.seed().html]
        for (index, html) in pages.enumerated() {
            let text = String(decoding: html, as: UTF8.self)
            let document = try XMLDocument(data: Data(text.utf8), options: [.nodeLoadExternalEntitiesNever])
            let root = try #require(document.rootElement())
            let ids = try root.nodes(forXPath: "//*[local-name()='section']/@id").compactMap(\.stringValue)
            let forecast = ["following", "time", "choice", "segments"]
            for id in ["data", "ranking", "calibration", "contact", "decision", "inputs", "leaks", "guide"] {
                #expect(ids.contains(id), "\(id)")
            }
            if index == 0 { #expect(Set(forecast).subtracting(["following"]).isSubset(of: ids)) }
            for link in try root.nodes(forXPath: "//*[local-name()='a']/@href").compactMap(\.stringValue) {
                #expect(ids.contains(String(link.dropFirst())), "\(link)")
            }
            let pictures = try root.nodes(forXPath: "//*[local-name()='svg']")
            #expect(pictures.count >= (index == 0 ? 13 : 8))
            for picture in pictures {
                // Each stands alone.
                #expect(throws: Never.self) { try XMLDocument(xmlString: picture.xmlString) }
                #expect(!picture.xmlString.contains("nan") && !picture.xmlString.contains("inf"))
            }
            for part in ["<script", "src=", "@import", "url("] { #expect(!text.contains(part), "\(part)") }
            #expect(text.contains("prefers-color-scheme: dark"))
        }
        let text = String(decoding: pages[0], as: UTF8.self)
        #expect(text.contains("&lt;i&gt;&amp;"))
        #expect(text.contains("0.750"))
        #expect(text.contains("clustered by customer"))
        #expect(text.contains("“Days of silence”, ") && text.contains("Read them as one group"))
    }
}

@Suite struct CutoffPlanTests {
    @Test("the rule gives the reference's cutoffs on the real data")
    func real() throws {
        let reference = try Reference.temporal.get()
        let plan = try CutoffPlan(firstDay: day("2010-12-01"), lastDay: day("2011-12-09"), horizonDays: 90)
        #expect(plan.training == reference.train_cutoffs.texts.map(day))
        #expect(plan.test == day(reference.test_cutoff.text))
        #expect(plan.following == reference.evaluation_over_cutoffs.fields.keys.map(day).sorted())
    }

    @Test("long data: the latest cutoffs; short data: an error")
    func limits() throws {
        let plan = try CutoffPlan(firstDay: 0, lastDay: 4_000, horizonDays: 30)
        #expect(plan.training.count == CutoffPlan.mostTrainingCutoffs)
        #expect(plan.training.last == Int64(3_940))
        #expect(plan.test == 3_970)
        #expect(throws: TrainingError.noTrainingCutoff(for: "1970-04-11", horizonDays: 90)) {
            try CutoffPlan(firstDay: 0, lastDay: 190, horizonDays: 90)
        }
        #expect(throws: TrainingError.self) { try CutoffPlan(firstDay: 0, lastDay: 900, horizonDays: 0) }
    }
}
