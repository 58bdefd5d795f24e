/// What to do about a date that is none, as far as the words in it tell.
enum DateHint {
    static func text(_ value: String) -> String {
        let words = value.split { !$0.isLetter }
        if let zone = words.last, value.hasSuffix(zone), value.contains(":"), (2...5).contains(zone.count),
            zone.allSatisfy(\.isUppercase)
        {
            return
                "\"\(zone)\" as a time zone has several meanings; give --dates with a pattern that has it in single quotes, "
                + "for example \"yyyy-MM-dd HH:mm:ss '\(zone)'\", to read the times as they are written"
        }
        if let name = words.first(where: { $0.count >= 3 && !isKnown($0) }) {
            return
                "\"\(name)\" is no name of a month in \(DateNames.languages); write months as numbers, for example with: "
                + "sed 's/\(name)/01/', and give --dates with a pattern"
        }
        return "give --dates with \(LayoutFlag.dates.values)"
    }

    private static func isKnown(_ word: Substring) -> Bool {
        var text = String(word)
        return text.withUTF8 {
            DateNames.month($0) != nil || DateNames.isWeekday($0) || DateNames.zoneOffset($0) != nil
        }
    }
}
