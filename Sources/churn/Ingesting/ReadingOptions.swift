internal import ArgumentParser
internal import ChurnBase
internal import ChurnFeatures
#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// The flags that say how transaction files are read. What no flag says follows from the files.
struct ReadingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How dates are written: dmy, mdy, ymd, serial, epoch, epoch-ms, or a pattern.",
            discussion: "A pattern is such as 'dd.MM.yyyy HH:mm'. Unset: as the dates of all files prove it.",
            valueName: "order"
        ),
        completion: .list(["dmy", "mdy", "ymd", "serial", "epoch", "epoch-ms"])
    )
    var dates: String?

    @Option(
        help: ArgumentHelp(
            "Which column is what, such as customer=Buyer,date='Paid at',amount=Total.",
            discussion: """
                Roles: customer, date, time (where it is apart), invoice, product, quantity, price or amount (of the \
                whole line), country, status, description, currency. Unset: by the names that common exports use.
                """,
            valueName: "role=name,..."
        )
    )
    var columns: String?

    @Option(
        help: ArgumentHelp("What separates fields: comma, semicolon, tab or pipe.", valueName: "sign"),
        completion: .list(["comma", "semicolon", "tab", "pipe"])
    )
    var separator: String?

    @Option(
        help: ArgumentHelp("What stands before decimals: point or comma.", valueName: "sign"),
        completion: .list(["point", "comma"])
    )
    var decimal: String?

    @Option(
        help: ArgumentHelp(
            "What stands between thousands: comma, point, blank, apostrophe or none.",
            valueName: "sign"
        ),
        completion: .list(["comma", "point", "blank", "apostrophe", "none"])
    )
    var thousands: String?

    @Option(
        help: ArgumentHelp(
            "The shop's time zone: dates with an offset, and epochs, are converted to it.",
            valueName: "name"
        )
    )
    var timeZone: String?

    @Option(
        help: ArgumentHelp(
            "The first of the hundred years that two digits stand for, such as 2000.",
            valueName: "year"
        )
    )
    var twoDigitYears: String?

    @Option(
        help: ArgumentHelp(
            "Invoices that are cancellations whatever their quantity's sign, such as 'C*'.",
            valueName: "pattern"
        )
    )
    var cancelledInvoices: String?

    @Option(
        help: ArgumentHelp(
            "Leave out lines with these order statuses, such as status=cancelled,refunded.",
            valueName: "status=value,..."
        )
    )
    var exclude: String?

    @Option(
        help: ArgumentHelp(
            "Words in place of a customer, such as guest,n/a, instead of the usual ones.",
            discussion: """
                Unset: nan, null, none, n/a, na, guest, #n/a, #ref!, #value!,
                #name?, #div/0!, #null!, #num!. Upper and lower case are alike. What
                is empty, 0 or -1 is no customer either way.
                """,
            valueName: "word,..."
        )
    )
    var noCustomerWords: String?

    @Option(help: ArgumentHelp("Leave out what is before this day.", valueName: "yyyy-mm-dd"))
    var since: String?

    @Option(help: ArgumentHelp("Leave out what is after this day.", valueName: "yyyy-mm-dd"))
    var until: String?

    @Option(
        help: ArgumentHelp("The worksheet of each workbook; unset: the first that is not hidden.", valueName: "name")
    )
    var worksheet: String?

    @Option(
        help: ArgumentHelp(
            "Lines that may be rejected before all is refused, a number or a share such as 5%.",
            discussion: "Unset: 10% of all lines, and at least 20. Lines without a customer are no rejects.",
            valueName: "limit"
        )
    )
    var maxRejects: RejectLimit = .usual

    @Option(
        help: ArgumentHelp("Write rejected lines to this file, with number and reason.", valueName: "file"),
        completion: .file()
    )
    var rejects: String?

    @Option(
        help: ArgumentHelp("Read as this file says, which --save-layout wrote; flags go before it.", valueName: "file"),
        completion: .file()
    )
    var layout: String?

    @Option(
        help: ArgumentHelp("Write to this file how the files were read.", valueName: "file"),
        completion: .file()
    )
    var saveLayout: String?

    /// The names of the flags that were given.
    var givenFlags: [String] {
        var given = flags.filter { $0.value != nil }.map(\.flag.rawValue)
        for (name, value) in [
            ("rejects", rejects), ("since", since), ("until", until), ("worksheet", worksheet), ("layout", layout),
            ("save-layout", saveLayout),
        ] where value != nil {
            given.append(name)
        }
        if maxRejects != .usual { given.append("max-rejects") }
        return given
    }

    /// Where rejected lines go; nil when nowhere.
    var rejectsFile: RejectsFile? { rejects.map { RejectsFile(path: $0) } }

    private var flags: [(flag: LayoutFlag, value: String?)] {
        [
            (.dates, dates), (.columns, columns), (.separator, separator), (.decimal, decimal), (.thousands, thousands),
            (.timeZone, timeZone), (.twoDigitYears, twoDigitYears), (.cancelledInvoices, cancelledInvoices),
            (.exclude, exclude), (.noCustomerWords, noCustomerWords),
        ]
    }

    /// What the layout file and the flags say.
    ///
    /// - Throws: 64 for a flag's value, 65 for a layout file's, 66 when it cannot be read.
    func readingLayout() throws(Failure) -> ReadingLayout {
        var result = try layout.map { path throws(Failure) in try Self.read(path) } ?? ReadingLayout()
        for (flag, value) in flags {
            guard let value else { continue }
            do throws(LayoutError) {
                try result.set(flag, to: value)
            } catch {
                throw Failure(.usage, error.description)
            }
        }
        result.firstDay = try Self.day(since, flag: "since")
        result.lastDay = try Self.day(until, flag: "until")
        if let first = result.firstDay, let last = result.lastDay, first > last {
            throw Failure(.usage, "--since \(since ?? ""): is after --until \(until ?? ""); exchange them")
        }
        return result
    }

    /// Writes how the files were read, where that is wanted.
    ///
    /// - Throws: 73 when the file cannot be written.
    func save(_ plan: ReadingPlan) throws {
        guard let saveLayout, var layout = plan.layouts.first?.layout else { return }
        // The one thing in which files of one command may differ; each tells it by itself.
        if plan.layouts.contains(where: { $0.layout.separator != layout.separator }) { layout.separator = nil }
        var target = try OutputTarget(path: saveLayout)
        try target.write(layout.text)
        try target.finish()
    }

    /// A layout is a few lines.
    private static let layoutBytes = 64 << 10

    private static func read(_ path: String) throws(Failure) -> ReadingLayout {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw Failure(
                .inputMissing,
                "\(path): the layout cannot be read; check the path, or make it with --save-layout"
            )
        }
        guard data.count <= layoutBytes else {
            throw Failure(
                .badData,
                "\(path): is no layout, it has more than \(layoutBytes) bytes; make one with --save-layout"
            )
        }
        do throws(LayoutError) {
            return try ReadingLayout(text: String(decoding: data, as: UTF8.self))
        } catch {
            throw Failure(.badData, "\(path): \(error.description)")
        }
    }

    private static func day(_ text: String?, flag: String) throws(Failure) -> Int64? {
        guard let text else { return nil }
        guard let day = CivilTime.parseDay(text) else {
            throw Failure(.usage, "--\(flag): '\(text)' is not a day; write it as 2011-12-10")
        }
        return day
    }
}

/// How many lines may be rejected: a number, or a share of all lines.
enum RejectLimit: ExpressibleByArgument, Equatable {
    /// A tenth of all lines, and at least 20: a few broken lines in a small file are no wrong file.
    case usual
    case lines(Int64)
    case percent(Double)

    static let usualPercent: Int64 = 10
    static let usualLines: Int64 = 20

    init?(argument: String) {
        if argument.hasSuffix("%") {
            guard let percent = Double(argument.dropLast()), (0...100).contains(percent) else { return nil }
            self = .percent(percent)
        } else {
            guard let lines = Int64(argument), lines >= 0 else { return nil }
            self = .lines(lines)
        }
    }

    var defaultValueDescription: String { "10% and at least 20" }

    /// Of so many lines.
    func limit(of lines: Int64) -> Int64 {
        switch self {
        case .usual: max(Self.usualLines, lines / (100 / Self.usualPercent))
        case .lines(let limit): limit
        case .percent(let percent): Int64(Double(lines) * percent / 100)
        }
    }

    /// For messages.
    func text(of lines: Int64) -> String {
        switch self {
        case .usual where limit(of: lines) > Self.usualLines: "\(Self.usualPercent) %"
        case .usual: "\(Self.usualLines)"
        case .lines(let limit): groupedText(limit)
        case .percent(let percent): "\(shortText(percent)) %"
        }
    }
}
