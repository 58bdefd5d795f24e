/// From when on something about the lines of a command is worth a warning, and the bounds of finding it out.
package enum SurveyLimits {
    /// The first or the last day is far from the others when so many days lie between, ...
    package static let farDays: Int64 = 90
    /// ... so many times the longest pause between the other days, ...
    package static let farPauses: Int64 = 4
    /// ... and the days beyond have at most one of so many lines. A single day is far whatever it has.
    package static let farLinesShare: Int64 = 200
    /// One line has more than this share of all revenue, ...
    package static let lineShare = 0.2
    /// ... of at least so many purchase lines: among a few, one is always large.
    package static let lineShareLines: Int64 = 10
    /// One customer has more than this share of all revenue, ...
    package static let customerShare = 0.3
    /// ... of at least so many customers.
    package static let customerShareCustomers = 5
    /// Days after today that are not yet a warning: a shop's clock may be ahead of this machine's.
    package static let daysAhead: Int64 = 1
    /// Customers whose revenue is added up. Of more, those with the smaller sums are forgotten, half of them at a time: what
    /// the largest one loses by it is less than one part in 500,000 of all revenue each time.
    package static let customers = 1 << 20
}
