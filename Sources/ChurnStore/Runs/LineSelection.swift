/// Which lines are to be taken out.
package enum LineSelection: Equatable, Sendable {
    case run(Int64)
    /// Days since 1970-01-01.
    case days(ClosedRange<Int64>)
    /// The number of an invoice, byte by byte.
    case invoice([UInt8])
}

/// What was taken out, or would be.
package struct RemovalReport: Equatable, Sendable {
    package var lines: Int64 = 0
    /// Distinct customers of these lines.
    package var customers: Int64 = 0
    /// Distinct days of these lines.
    package var days: Int64 = 0
    /// The first and the last of these days; nil when there is none.
    package var span: ClosedRange<Int64>?

    package init() {}
}

/// What became of customers that were forgotten.
package struct ForgetReport: Equatable, Sendable {
    /// Customers of whom the store had a line, a record, a prediction or the text.
    package var found: Int64 = 0
    /// Customers that were not among the forgotten before.
    package var added: Int64 = 0
    package var lines: Int64 = 0
    package var predictions: Int64 = 0
    /// The build that took the place of the last one, for readers to load; nil where nothing of the build changed.
    package var build: FeatureBuild?
    /// What could not be done yet, and what to do about it, one sentence each.
    package var remaining: [String] = []

    package init() {}
}
