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

    /// So many more may happen, up to a burst.
    mutating func earn(_ count: Int) {
        left = min(burst, left + count)
    }

    /// All that happened before is forgiven.
    mutating func reset() {
        left = burst
    }
}

/// What a peer may do so often and not more often, besides what nghttp2 limits.
struct HTTP2RateLimits {
    var idleResets: RateLimit
    var pings: RateLimit
    var emptyFrames: RateLimit

    init(now: NIODeadline) {
        idleResets = RateLimit(
            burst: Int(HTTP2Limits.resetBurst),
            perSecond: Int(HTTP2Limits.resetsPerSecond),
            now: now
        )
        pings = RateLimit(burst: HTTP2Limits.pingBurst, perSecond: HTTP2Limits.pingsPerSecond, now: now)
        emptyFrames = RateLimit(
            burst: HTTP2Limits.emptyFrameBurst,
            perSecond: HTTP2Limits.emptyFramesPerSecond,
            now: now
        )
    }

    /// A peer that makes calls has reason for more.
    mutating func beganStream() {
        pings.reset()
        emptyFrames.earn(HTTP2Limits.emptyFramesPerStream)
    }
}
