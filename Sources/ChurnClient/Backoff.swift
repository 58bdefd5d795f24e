package import NIOCore

/// How long to pause after failures in a row.
package struct Backoff {
    package var first: Duration
    package var longest: Duration

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// - Parameter failures: in a row, at least 1.
    /// - Returns: between half of `min(longest, first * 2^(failures - 1))` and all of it.
    package func pause(afterFailures failures: Int, using generator: inout some RandomNumberGenerator) -> TimeAmount {
        // 2^40 times the least duration is above any `longest` that makes sense, and does not overflow.
        let doublings = min(max(failures - 1, 0), 40)
        let full = min(TimeAmount(longest).nanoseconds, TimeAmount(first).nanoseconds.saturatingShift(left: doublings))
        return .nanoseconds(Int64.random(in: full / 2...max(full, full / 2), using: &generator))
    }
}

extension Int64 {
    fileprivate func saturatingShift(left bits: Int) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: 1 << Int64(bits))
        return overflow ? .max : product
    }
}
