/// What the exit status of the program says. The numbers are those of sysexits(3) where it has one.
///
/// Thrown by a command that has said all there is to say.
enum ExitStatus: Int32, Error, CaseIterable {
    case ok = 0
    case failure = 1
    case usage = 64
    case badData = 65
    case inputMissing = 66
    case unknownName = 67
    case unavailable = 69
    case fault = 70
    case systemRefused = 71
    case cannotCreate = 73
    case inputOutput = 74
    case tryAgain = 75
    case badAnswer = 76
    case configuration = 78
    case outputClosed = 141

    var meaning: String {
        switch self {
        case .ok: "done"
        case .failure: "a check failed: not serving, or a broken model"
        case .usage: "wrong usage: an argument or option is missing, unknown or malformed"
        case .badData: "an input cannot be used: a wrong file, column, date, store or model"
        case .inputMissing: "an input is not there or cannot be read"
        case .unknownName: "the server knows no such customer or model"
        case .unavailable: "the server cannot be reached, or cannot answer now"
        case .fault: "a fault inside churn"
        case .systemRefused: "the system refused, for example a port that is in use"
        case .cannotCreate: "an output cannot be created"
        case .inputOutput: "reading or writing failed"
        case .tryAgain: "out of time, or busy: the same command may succeed later"
        case .badAnswer: "the server's answer is not of the protocol"
        case .configuration: "an environment variable or the configuration file is wrong"
        case .outputClosed: "the reader of the output went away"
        }
    }

    /// The table that `churn --help` shows.
    static var help: String {
        allCases.map { status in
            let number = String(status.rawValue)
            return "  \(String(repeating: " ", count: 3 - number.utf8.count))\(number)  \(status.meaning)"
        }
        .joined(separator: "\n")
    }
}
