internal import ChurnFeatures

/// `yyyy-MM-ddTHH:mm` on the clock of the transactions, for programs.
func isoText(minute: Int64) -> String {
    CivilTime.format(minute: minute).replacing(" ", with: "T", maxReplacements: 1)
}

/// As `isoText(minute:)`, of a time in seconds.
func isoText(second: Int64) -> String { isoText(minute: minute(second)) }

/// `yyyy-MM-dd HH:mm` on the clock of the transactions, for people.
func timeText(second: Int64) -> String { CivilTime.format(minute: minute(second)) }

/// The minute in which a second lies, before 1970 too.
private func minute(_ second: Int64) -> Int64 {
    second / 60 - (second % 60 < 0 ? 1 : 0)
}
