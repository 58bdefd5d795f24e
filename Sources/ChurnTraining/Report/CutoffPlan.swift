internal import ChurnFeatures

/// Which cutoffs a forecast is trained, tested and followed over, made from the first and the last day of the data alone.
///
/// 1. Test: a horizon before the last day. The last day may still be going on, so it is in no label.
/// 2. Training: every week, counted back from a horizon before the test, so that no training label looks beyond the test
///    cutoff, for as long as a horizon of history lies before each; the latest 52 when there are more.
/// 3. Following: every second week from the last training cutoff on, and the test cutoff.
package struct CutoffPlan: Equatable, Sendable {
    /// Days since 1970-01-01, ascending.
    package let training: [Int64]
    package let test: Int64
    /// Ascending; those of them that no training label precedes left out.
    package let following: [Int64]
    package let horizonDays: Int

    package static let mostTrainingCutoffs = 52
    static let mostFollowing = 52

    /// - Parameters:
    ///   - firstDay: of the data, in days since 1970-01-01.
    ///   - lastDay: of the data, which may be incomplete.
    ///   - training: instead of the rule's.
    ///   - test: instead of the rule's.
    /// - Throws: `invalidSetting`; `noTrainingCutoff` when the data are too short for the rule.
    package init(
        firstDay: Int64,
        lastDay: Int64,
        horizonDays: Int,
        training: [Int64]? = nil,
        test: Int64? = nil
    ) throws(TrainingError) {
        guard (1...3_650).contains(horizonDays) else {
            throw .invalidSetting(name: "the horizon", expected: "1 to 3650 days", found: "\(horizonDays)")
        }
        let horizon = Int64(horizonDays)
        let testDay = test ?? lastDay - horizon
        var cutoffs: [Int64] = []
        if let training {
            cutoffs = Set(training).sorted()
        } else {
            var day = testDay - horizon
            while day >= firstDay + horizon, cutoffs.count < Self.mostTrainingCutoffs {
                cutoffs.append(day)
                day -= 7
            }
            cutoffs.reverse()
        }
        guard let first = cutoffs.first, let last = cutoffs.last else {
            throw .noTrainingCutoff(for: CivilTime.format(day: testDay), horizonDays: horizonDays)
        }
        var days = [testDay]
        var day = last
        while day < testDay, days.count < Self.mostFollowing {
            if day >= first + horizon { days.append(day) }
            day += 14
        }
        self.training = cutoffs
        self.test = testDay
        self.following = days.sorted()
        self.horizonDays = horizonDays
    }

    /// All days that snapshots are needed of, ascending.
    package var allCutoffs: [Int64] { Set(training + following + [test]).sorted() }
}
