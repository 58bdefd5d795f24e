internal import ChurnFeatures

/// Text of others as text of a page.
func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        // XML has no word for most control characters.
        case _ where scalar.properties.generalCategory == .control: result += " "
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// `10 September 2011` for `2011-09-10`; the text itself where it is no date.
func longDate(_ text: String) -> String {
    guard let day = CivilTime.parseDay(String(text.prefix(10))) else { return escaped(text) }
    let date = CivilTime.date(days: day)
    return "\(date.day) \(monthNames[date.month - 1]) \(date.year)"
}

/// `10 Sep` for `2011-09-10`.
func shortDate(day: Int64) -> String {
    let date = CivilTime.date(days: day)
    return "\(date.day) \(monthNames[date.month - 1].prefix(3))"
}

let monthNames = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]

/// A table of a page. Cells are markup.
struct MarkupTable {
    struct Column {
        var title: String
        var isNumber: Bool

        static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
        static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
    }

    private let columns: [Column]
    private var body = ""

    init(_ columns: [Column]) {
        self.columns = columns
    }

    mutating func add(_ cells: [String], isEmphasised: Bool = false) {
        body += isEmphasised ? "<tr class=\"chosen\">" : "<tr>"
        for (column, cell) in zip(columns, cells) {
            body += column.isNumber ? "<td class=\"n\">\(cell)</td>" : "<td>\(cell)</td>"
        }
        body += "</tr>\n"
    }

    var text: String {
        var head = ""
        for column in columns {
            head += "<th scope=\"col\"\(column.isNumber ? " class=\"n\"" : "")>\(escaped(column.title))</th>"
        }
        return
            "<div class=\"scroll\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n\(body)</tbody>\n</table></div>\n"
    }
}

/// A picture with its caption.
func figure(_ picture: String, title: String, caption: String = "") -> String {
    "<figure>\n<p class=\"title\">\(title)</p>\n\(picture)"
        + (caption.isEmpty ? "" : "<figcaption>\(caption)</figcaption>\n") + "</figure>\n"
}

/// Two figures side by side where there is room.
func pair(_ first: String, _ second: String) -> String {
    "<div class=\"pair\">\n\(first)\(second)</div>\n"
}

/// An estimate and its interval.
func intervalText(_ interval: Interval?, decimals: Int, isSigned: Bool = false) -> String {
    guard let interval else { return "–" }
    func text(_ value: Double) -> String {
        isSigned ? ReportText.signed(value, decimals: decimals) : ReportText.number(value, decimals: decimals)
    }
    return "\(text(interval.lower)) to \(text(interval.upper))"
}
