internal import ChurnModel
internal import ChurnServer
internal import ChurnStore
internal import Logging
#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// All settings of one run, resolved: a flag wins over the environment, that over the file, that over the default.
struct Settings {
    private let environment: [String: String]
    let file: [Setting: SettingValue]

    static let fileVariable = "CHURN_CONFIG"
    static let defaultLogLevel = Logger.Level.notice

    /// - Parameter configFile: what `--config` says.
    /// - Throws: 78 for a configuration file that is not one.
    init(
        configFile: String?,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(Failure) {
        self.environment = environment
        let path = configFile ?? environment[Self.fileVariable].flatMap { $0.isEmpty ? nil : $0 }
        file = try path.map { path throws(Failure) in try ConfigurationFile(path: path).values } ?? [:]
    }

    // MARK: Values

    /// - Parameter flags: what was written on the command line; empty when nothing was.
    func value(_ setting: Setting, flags: [String]) -> SettingValue? {
        if !flags.isEmpty { return SettingValue(texts: flags, source: .flag(setting.flag)) }
        return fromEnvironment(setting) ?? file[setting]
    }

    func value(_ setting: Setting, flag: String?) -> SettingValue? {
        value(setting, flags: flag.map { [$0] } ?? [])
    }

    func fromEnvironment(_ setting: Setting) -> SettingValue? {
        // Empty is how a script says "not set".
        guard let text = environment[setting.environmentName], !text.isEmpty else { return nil }
        let texts = setting.isList ? text.split(separator: ",").map { $0.trimmingBlanks } : [text]
        return texts.isEmpty ? nil : SettingValue(texts: texts, source: .environment(setting.environmentName))
    }

    // MARK: Each setting

    /// - Throws: 64 or 78 for what is no store's address; 78 when there is none and no home directory either.
    func store(flag: String?) throws(Failure) -> StoreLocation {
        guard let value = value(.store, flag: flag) else { return .sqlite(path: try defaultStorePath()) }
        do throws(StoreError) {
            return try StoreLocation(parsing: value.text)
        } catch {
            throw Failure(value.source.status, "\(value.source.description): \(error)")
        }
    }

    private func defaultStorePath() throws(Failure) -> String {
        // The XDG specification has relative paths ignored.
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return "\(data)/churn/churn.sqlite" }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw Failure(.configuration, "there is no home directory for the store; name one with --store sqlite:PATH")
        }
        return "\(home)/.local/share/churn/churn.sqlite"
    }

    /// The directory of the models: the one that is set, else `models` here, else beside the program.
    func models(flag: String?) throws(Failure) -> String {
        if let value = value(.models, flag: flag) { return value.text }
        let here = FileManager.default.currentDirectoryPath + "/models"
        let installed = Self.programDirectory.map { "\($0)/../share/churn/models" }
        for directory in [here, installed].compactMap({ $0 }) where Self.isDirectory(directory) {
            return directory
        }
        let places = [here, installed].compactMap { $0 }.joined(separator: " nor ")
        throw Failure(.inputMissing, "there are no models: neither \(places) is a directory; name one with --models")
    }

    /// The models asked for, in order; empty when none is.
    func model(flags: [String]) -> [String] {
        value(.model, flags: flags)?.texts ?? []
    }

    /// Whose pages may read answers in a browser; `nil` when those of no other origin may.
    func cors(flags: [String]) throws(Failure) -> CORSPolicy? {
        guard let value = value(.corsOrigin, flags: flags) else { return nil }
        let isForAny = value.texts == [CORSPolicy.any]
        guard isForAny || value.texts.allSatisfy(CORSPolicy.isOrigin) else {
            throw value.failure("an origin as browsers send it, such as https://shop.example, nor * alone")
        }
        return CORSPolicy(value.texts)
    }

    func timeout(flag: String?, default usual: Duration) throws(Failure) -> Duration {
        guard let value = value(.timeout, flag: flag) else { return usual }
        guard let duration = Duration(parsing: value.text), duration > .zero, duration <= .seconds(86_400) else {
            throw value.failure("a time such as 500ms, 2s or 1m, more than 0 and at most a day")
        }
        return duration
    }

    func logLevel(flag: String?) throws(Failure) -> Logger.Level {
        guard let value = value(.logLevel, flag: flag) else { return Self.defaultLogLevel }
        guard let level = Logger.Level(rawValue: value.text.lowercased()) else {
            throw value.failure("one of " + Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return level
    }

    /// The level whose kernels score: the processor's highest, unless the environment or the file names another.
    func cpuLevel() throws(Failure) -> CPULevel {
        guard let value = value(.cpuLevel, flag: nil) else { return .best }
        let available = CPULevel.available.map(\.rawValue).joined(separator: ", ")
        guard let level = CPULevel(rawValue: value.text.lowercased()), level.isAvailable else {
            throw value.failure("a level of this processor, which has \(available)")
        }
        return level
    }

    // MARK: The file system

    private static var programDirectory: String? {
        #if os(Linux)
            guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
                return nil
            }
        #else
            guard let program = CommandLine.arguments.first else { return nil }
        #endif
        return program.lastIndex(of: "/").map { String(program[..<$0]) }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory = false
        #if canImport(FoundationEssentials)
            return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory
        #else
            var flag: ObjCBool = false
            isDirectory = FileManager.default.fileExists(atPath: path, isDirectory: &flag) && flag.boolValue
            return isDirectory
        #endif
    }
}

extension Duration {
    /// A decimal number and `ms`, `s` (also when there is no unit) or `m`.
    init?(parsing text: String) {
        let units: [(suffix: String, milliseconds: Double)] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("", 1_000)]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }),
            let number = Double(text.dropLast(unit.suffix.count)), number.isFinite, number.magnitude < 1e12
        else { return nil }
        self = .milliseconds(1) * (number * unit.milliseconds)
    }
}

extension Substring {
    fileprivate var trimmingBlanks: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
