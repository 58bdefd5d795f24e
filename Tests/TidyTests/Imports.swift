/// Which modules each target may import: docs/architecture.md as a table. The compiler lets a target import whatever
/// happens to be built before it.
enum Imports {
    /// The system's C library, by platform.
    private static let system: Set<String> = ["Glibc", "Musl", "Darwin"]
    private static let foundation: Set<String> = ["Foundation", "FoundationEssentials"]
    private static let nio: Set<String> = ["NIOCore", "NIOPosix", "NIOConcurrencyHelpers"]
    private static let threads: Set<String> = ["Dispatch", "Synchronization"]

    static let allowed: [String: Set<String>] = [
        "ChurnBase": system.union(["CCrypto"]),
        // Scoring kernels: compiled for several CPU levels, so that generic code of other modules must not get in.
        "ChurnKernelBaseline": [], "ChurnKernelV3": [], "ChurnKernelV4": [],
        "ChurnFeatures": system.union(foundation).union(["ChurnBase", "CByteScan", "CCPU", "CExpat", "CZip", "CZlib"]),
        "ChurnModel": system.union(foundation).union([
            "ChurnBase", "CCPU", "ChurnKernelBaseline", "ChurnKernelV3", "ChurnKernelV4",
        ]),
        "ChurnTraining": system.union(threads).union([
            "ChurnBase", "ChurnFeatures", "ChurnModel", "ChurnKernelBaseline",
        ]),
        "ChurnStore": system.union(threads).union([
            "ChurnBase", "ChurnFeatures", "CMongo", "CMongoLog", "GRDB", "GRDBSQLite",
        ]),
        // What every dialect speaks of: plain values.
        "ChurnCalls": ["ChurnBase"],
        "ChurnProtocol": ["ChurnBase", "ChurnCalls", "CChurnProto", "CProtobufC", "NIOCore"],
        // Answers calls: no sockets, no messages, no frames. Of NIO it has threads, locks and the clock.
        "ChurnServing": system.union(threads).union(nio).union([
            "ChurnBase", "ChurnCalls", "ChurnFeatures", "ChurnModel", "ChurnStore", "Logging",
        ]),
        "ChurnClient": system.union(threads).union(nio).union(["ChurnBase", "ChurnCalls", "ChurnProtocol"]),
        "ChurnServer": system.union(threads).union(nio).union([
            "ChurnBase", "CEpoll", "CHandover", "CNghttp2", "CZlib", "ChurnCalls", "ChurnFeatures", "ChurnModel",
            "ChurnProtocol",
            "ChurnServing", "ChurnStore", "Logging", "ServiceLifecycle",
        ]),
        "churn": system.union(foundation).union(threads).union([
            "ArgumentParser", "ChurnBase", "ChurnCalls", "ChurnClient", "ChurnFeatures", "ChurnModel", "ChurnProtocol",
            "ChurnServer", "ChurnServing", "ChurnStore", "ChurnTraining", "Logging", "ServiceLifecycle", "UnixSignals",
        ]),
    ]

    private static let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
    private static let levels: Set<String> = ["public", "package", "internal", "fileprivate", "private"]

    /// The module that a line of code imports, if it does.
    static func module(importedBy line: String) -> String? {
        var words = line.split(separator: " ").drop { $0.hasPrefix("@") || levels.contains(String($0)) }
        guard words.popFirst() == "import", var name = words.popFirst() else { return nil }
        if kinds.contains(String(name)), let next = words.popFirst() { name = next }
        return name.split(separator: ".").first.map(String.init)
    }
}
