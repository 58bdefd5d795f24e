/// One line on the terminal that says how far a long work is. It does nothing where nobody looks.
struct ProgressLine {
    private let stream = StandardStream.error
    private let isShown: Bool
    private let started = ContinuousClock.now
    private var lastShown: ContinuousClock.Instant?

    private static let interval = Duration.milliseconds(100)
    /// Back to the start of the line, and erase it (ECMA-48: CR, EL).
    private static let erase = "\r\u{1B}[K"

    init() {
        isShown = stream.isTerminal
    }

    /// Since the beginning.
    var elapsed: Duration { ContinuousClock.now - started }

    /// - Parameter text: called only when there is something to show, with the time since the beginning.
    mutating func show(_ text: (_ elapsed: Duration) -> String) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if let lastShown, now - lastShown < Self.interval { return }
        lastShown = now
        stream.writeBestEffort(Self.erase + text(elapsed))
    }

    /// Takes the line away.
    mutating func clear() {
        guard isShown, lastShown != nil else { return }
        lastShown = nil
        stream.writeBestEffort(Self.erase)
    }
}

/// How many per second, in groups of three digits.
func rateText(_ count: Int64, in elapsed: Duration) -> String {
    groupedText(Int64(Double(count) / max(elapsed / .seconds(1), 0.001)))
}

/// How long something took: whole milliseconds below a second, and tenths of a second above.
func durationText(_ elapsed: Duration) -> String {
    let seconds = elapsed / .seconds(1)
    return seconds < 1 ? "\(Int64((1_000 * seconds).rounded())) ms" : "\(roundedText(seconds, decimals: 1)) s"
}
