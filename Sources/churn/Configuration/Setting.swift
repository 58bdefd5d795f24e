/// A setting that a flag, the environment or the configuration file can give, in this order.
enum Setting: String, CaseIterable {
    /// `HOST:PORT` of the server that is called.
    case server
    /// `HOST:PORT` to listen on, perhaps with a scheme.
    case listen
    /// The host alone, for either.
    case host
    /// The port alone, for either.
    case port
    case store
    case models
    case model
    /// Whose pages may read answers of HTTP in a browser.
    case corsOrigin = "cors_origin"
    case timeout
    case logLevel = "log_level"
    /// Whose kernels score; for tests and comparisons.
    case cpuLevel = "cpu_level"

    /// Its key in the configuration file.
    var key: String { rawValue }

    var environmentName: String { "CHURN_" + rawValue.uppercased() }

    var flag: String { "--" + rawValue.replacing("_", with: "-") }

    /// In the file, an array is taken for it too; in the environment, commas separate.
    var isList: Bool { self == .model || self == .listen || self == .corsOrigin }
}

/// Where a setting's value came from, to be named when the value is wrong.
enum SettingSource: Equatable {
    case flag(String)
    case environment(String)
    case file(path: String, key: String)

    var description: String {
        switch self {
        case .flag(let name), .environment(let name): name
        case .file(let path, let key): "\(path): \(key)"
        }
    }

    /// How to exit when the value is wrong.
    var status: ExitStatus {
        if case .flag = self { .usage } else { .configuration }
    }
}

/// A value as somebody wrote it.
struct SettingValue: Equatable {
    /// More than one only for a list.
    var texts: [String]
    var source: SettingSource

    var text: String { texts.first ?? "" }

    /// - Parameter expected: ends the sentence "... is not".
    func failure(_ expected: String) -> Failure {
        Failure(source.status, "\(source.description): '\(texts.joined(separator: ","))' is not \(expected)")
    }
}
