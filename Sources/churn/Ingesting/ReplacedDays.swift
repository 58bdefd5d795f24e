internal import ChurnBase
internal import ChurnFeatures
internal import ChurnStore

/// The days of the files' lines, of which `ingest --replace` makes the files the only source.
struct ReplacedDays {
    /// Lines of the files, by day.
    private let newLines: [Int64: Int64]
    /// Lines that the store has on these days.
    private let oldLines: [Int64: Int64]

    private static let daysShown = 31

    /// Asks the store what it has on the days of the files. A store that is not there has nothing.
    init(_ findings: SurveyFindings, comparedWith location: StoreLocation) throws(StoreError) {
        newLines = findings.linesByDay
        do throws(StoreError) {
            oldLines = try location.open(.read).lineCounts(of: Set(newLines.keys))
        } catch {
            switch error {
            case .notFound, .notAStore(_, .empty): oldLines = [:]
            default: throw error
            }
        }
    }

    var replacement: DayReplacement { DayReplacement(days: Set(newLines.keys)) }

    /// Why the days are not replaced without `--yes`; nil when nothing speaks against it.
    func refusal(_ total: ReadingCounts) -> Failure? {
        let new = newLines.values.reduce(0, +)
        let old = oldLines.values.reduce(0, +)
        let next = "nothing was changed; look at the days with --dry-run, or replace them all the same with --yes"
        if total.faults > 0 {
            return Failure(
                .badData,
                "--replace: \(groupedText(total.faults)) of \(groupedText(total.lines)) lines "
                    + "\(total.faults == 1 ? "is" : "are") rejected, which the replaced days would lack; \(next)"
            )
        }
        if old > 2 * new {
            return Failure(
                .badData,
                "--replace: the store has \(countedText(old, "line")) on \(countedText(Int64(newLines.count), "day")) of the "
                    + "files, more than twice their \(groupedText(new)); \(next)"
            )
        }
        return nil
    }

    func text() -> String {
        var table = Table([("day", .left), ("lines now", .right), ("lines of the files", .right)])
        let days = newLines.sorted { $0.key < $1.key }
        for (day, lines) in days.prefix(Self.daysShown) {
            table.add([CivilTime.format(day: day), groupedText(oldLines[day] ?? 0), groupedText(lines)])
        }
        let more = days.count - Self.daysShown
        return "days that would be replaced\n" + table.text(indent: 2)
            + (more > 0 ? "  and \(groupedText(Int64(more))) more days\n" : "")
    }

    var object: JSON {
        .array(
            newLines.sorted { $0.key < $1.key }.map { day, lines in
                .row([
                    ("day", .string(CivilTime.format(day: day))), ("lines_now", .integer(oldLines[day] ?? 0)),
                    ("lines_of_files", .integer(lines)),
                ])
            }
        )
    }
}
