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

    /// Since the beginning, in seconds.
    var elapsedSeconds: Double { (ContinuousClock.now - started) / .seconds(1) }

    /// - Parameter text: called only when there is something to show, with the seconds since the beginning.
    mutating func show(_ text: (_ seconds: Double) -> String) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if let lastShown, now - lastShown < Self.interval { return }
        lastShown = now
        stream.writeBestEffort(Self.erase + text(elapsedSeconds))
    }

    /// Takes the line away.
    mutating func clear() {
        guard isShown, lastShown != nil else { return }
        lastShown = nil
        stream.writeBestEffort(Self.erase)
    }
}
