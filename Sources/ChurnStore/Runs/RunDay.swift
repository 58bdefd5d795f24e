/// The lines of one run on one day.
package struct RunDay: Hashable, Comparable, Sendable {
    package var run: Int64
    /// Days since 1970-01-01.
    package var day: Int64

    package init(run: Int64, day: Int64) {
        self.run = run
        self.day = day
    }

    package static func < (left: RunDay, right: RunDay) -> Bool { (left.run, left.day) < (right.run, right.day) }

    /// Damaged days that are told one by one.
    package static let damagedLimit = 20
}
