internal import ChurnBase
internal import NIOCore

/// The field Date (RFC 9110, section 6.6.1), made anew once a second at most.
struct HTTPDate {
    private var bytes: [UInt8] = []
    private var validUntil = NIODeadline.uptimeNanoseconds(0)

    mutating func text(_ now: NIODeadline) -> [UInt8] {
        if now >= validUntil {
            var clock = timespec()
            clock_gettime(CLOCK_REALTIME, &clock)
            bytes = Array(Self.text(seconds: clock.tv_sec).utf8)
            validUntil = now + .nanoseconds(1_000_000_000 - Int64(clock.tv_nsec))
        }
        return bytes
    }

    /// - Parameter seconds: since 1970.
    static func text(seconds: Int) -> String {
        var moment = time_t(seconds)
        var parts = tm()
        gmtime_r(&moment, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ value: CInt) -> String { padded(UInt64(value), to: 2) }
        return "\(days[Int(parts.tm_wday) % 7]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon) % 12]) "
            + "\(padded(UInt64(1900 + parts.tm_year), to: 4)) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}
