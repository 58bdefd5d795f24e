internal import NIOCore

/// How often something may happen: so many times at once, and after that at a steady rate.
struct RateLimit {
    private let burst: Int
    private let perSecond: Int
    private var left: Int
    private var countedAt: NIODeadline

    init(burst: Int, perSecond: Int, now: NIODeadline) {
        self.burst = burst
        self.perSecond = perSecond
        left = burst
        countedAt = now
    }

    /// It happens.
    ///
    /// - Returns: whether it may.
    mutating func take(_ count: Int = 1, at now: NIODeadline) -> Bool {
        let earned = (now - countedAt).nanoseconds * Int64(perSecond) / 1_000_000_000
        if earned > 0 {
            left = min(burst, left + Int(clamping: earned))
            countedAt = now
        }
        left -= count
        return left >= 0
    }

    /// All that happened before is forgiven.
    mutating func reset() {
        left = burst
    }
}
