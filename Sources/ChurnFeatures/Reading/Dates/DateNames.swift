/// Names of months and days in the languages of common exports, and names of time zones. Each has one meaning in all of these
/// languages, so no language needs to be told.
enum DateNames {
    /// The languages, for messages.
    static let languages = "English, German, French, Spanish, Italian, Portuguese or Dutch"

    /// 1 to 12.
    static func month(_ word: UnsafeBufferPointer<UInt8>) -> Int? { EnglishNames.month(word) ?? months[folded(word)] }

    static func isWeekday(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        EnglishNames.isWeekday(word) || weekdays.contains(folded(word))
    }

    /// Minutes east of UTC. Names of RFC 5322, section 4.3, and those of central Europe. Others have several meanings: `CST` is
    /// China's as well as America's.
    static func zoneOffset(_ word: UnsafeBufferPointer<UInt8>) -> Int? {
        zones[String(decoding: word, as: UTF8.self)].map { $0 * 60 }
    }

    private static let zones = [
        "EST": -5, "EDT": -4, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "CET": 1, "CEST": 2,
    ]

    /// In lower case and without accents; beside whole names the usual short ones, as far as they are not English.
    private static let months: [String: Int] = {
        let names = [
            "januar janner janv janvier ene enero gen gennaio janeiro januari",
            "februar fev fevr fevrier febrero febbraio fevereiro februari",
            "marz maerz mrz mar mars marzo marco mrt maart", "avr avril abr abril aprile",
            "mai mayo mag maggio maio mei",
            "juni juin junio giu giugno junho", "juli juil juillet julio lug luglio julho",
            "aout agosto ago augustus", "septembre septiembre setiembre set settembre setembro",
            "okt oktober octobre octubre ott ottobre out outubro", "novembre noviembre novembro",
            "dez dezember dec decembre dic diciembre dicembre dezembro",
        ]
        var months: [String: Int] = [:]
        for (index, list) in names.enumerated() {
            for name in list.split(separator: " ") { months[String(name)] = index + 1 }
        }
        return months
    }()

    private static let weekdays = Set(
        """
        mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag \
        lun mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche \
        mie jue vie sab dom lunes martes miercoles jueves viernes sabado domingo \
        lunedi martedi mercoledi giovedi venerdi sabato domenica \
        maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
        """.split(separator: " ").map(String.init)
    )

    /// In lower case and without accents, whether the text is UTF-8, composed or not, or Latin-1.
    private static func folded(_ word: UnsafeBufferPointer<UInt8>) -> String {
        var result = ""
        for scalar in decodedText(word).lowercased().unicodeScalars {
            switch scalar {
            case "\u{E0}"..."\u{E5}": result.append("a")
            case "\u{E7}": result.append("c")
            case "\u{E8}"..."\u{EB}": result.append("e")
            case "\u{EC}"..."\u{EF}": result.append("i")
            case "\u{F2}"..."\u{F6}": result.append("o")
            case "\u{F9}"..."\u{FC}": result.append("u")
            // An accent that follows its letter.
            case "\u{300}"..."\u{36F}": break
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
