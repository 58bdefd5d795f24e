internal import ArgumentParser
internal import ChurnFeatures
internal import ChurnTraining
#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// A day as a flag gives it.
struct DayArgument: ExpressibleByArgument {
    /// Days since 1970-01-01.
    var day: Int64

    init?(argument: String) {
        guard let day = CivilTime.parseDay(argument) else { return nil }
        self.day = day
    }
}

/// Days as a flag gives them, `2011-03-06,2011-03-13`.
struct DaysArgument: ExpressibleByArgument {
    var days: [Int64]

    init?(argument: String) {
        var days: [Int64] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let day = CivilTime.parseDay(String(part)) else { return nil }
            days.append(day)
        }
        self.days = days
    }
}

struct ThreadOption: ParsableArguments {
    @Option(help: ArgumentHelp("Threads; 0 for one a core. The result is the same.", valueName: "count"))
    var threads = 0

    func validate() throws {
        guard (0...256).contains(threads) else { throw ValidationError("--threads: \(threads) is not in 0...256") }
    }

    var count: Int { threads > 0 ? threads : min(256, max(1, ProcessInfo.processInfo.activeProcessorCount)) }
}

/// The input sets by the names that the command line gives them.
enum InputChoice: String, CaseIterable, ExpressibleByArgument {
    case auto
    case t6
    case t10
    case g12
    case g16
    case seed3
    case seed3Log = "seed3-log"
    case legitimate8

    /// `nil`: to be chosen.
    var inputs: InputSet? {
        switch self {
        case .auto: nil
        case .t6: .t6
        case .t10: .t10
        case .g12: .g12
        case .g16: .g16
        case .seed3: .seed3
        case .seed3Log: .seed3Log
        case .legitimate8: .legitimate8
        }
    }
}
