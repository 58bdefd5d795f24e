internal import Foundation
internal import Glibc
internal import Synchronization

/// A MongoDB server on a port and a directory of its own: the stand-in of Tests/Peers/python. It can be killed, stopped
/// and started again on the same data.
package final class MongoServer: Sendable {
    package let port: Int
    private let reserved: ReservedPort
    private let directory: TemporaryDirectory
    private let options: [String]
    private let process: Mutex<ChildProcess?>

    /// Starts the server. Blocks until it listens.
    ///
    /// - Parameter asReplicaSet: whether it says that it is the primary of one.
    package init(asReplicaSet: Bool = false) throws {
        options = asReplicaSet ? ["--replica-set"] : []
        reserved = try ReservedPort()
        port = reserved.port
        directory = try TemporaryDirectory()
        process = Mutex(nil)
        try start()
    }

    /// Starts it again, on the same port and data.
    package func start() throws {
        let script = Surroundings.path("Tests/Peers/python/mongo_server.py")
        let started = try ChildProcess(Surroundings.python(), [script, "\(port)", directory.path] + options)
        _ = try started.waitForLine("Listening on ")
        process.withLock { $0 = started }
    }

    /// As a crash: SIGKILL.
    package func kill() {
        process.withLock { $0 = nil }
    }

    /// From now on it accepts connections, because the system does, and never answers.
    package func stop() {
        process.withLock { if let process = $0 { _ = Glibc.kill(process.identifier, SIGSTOP) } }
    }

    /// Ends `stop`.
    package func proceed() {
        process.withLock { if let process = $0 { _ = Glibc.kill(process.identifier, SIGCONT) } }
    }

    package func uri(_ database: String, options: String = "") -> String {
        "mongodb://127.0.0.1:\(port)/\(database)" + (options.isEmpty ? "" : "?" + options)
    }
}

/// A database of its own for one test, on the server that `CHURN_TEST_MONGODB_URI` names, else on one that all tests of
/// this process share.
package struct MongoDatabase: Sendable {
    package let uri: String

    private static let shared = Result { try MongoServer() }
    private static let number = Atomic<Int>(0)
    private static let given = ProcessInfo.processInfo.environment["CHURN_TEST_MONGODB_URI"] ?? ""

    /// Whether tests run on the stand-in. What it is known to do otherwise than MongoDB's manual, docs/mongodb.md lists;
    /// tests of just that run on a real server only.
    package static var isStandIn: Bool { given.isEmpty }

    package init() throws {
        let number = Self.number.add(1, ordering: .relaxed).newValue
        let name = "churn_test_\(getpid())_\(number)"
        uri = Self.isStandIn ? try Self.shared.get().uri(name) : Self.address(Self.given, database: name)
    }

    /// The address with another database.
    private static func address(_ given: String, database: String) -> String {
        let scheme = given.range(of: "://")?.upperBound ?? given.startIndex
        let end = given[scheme...].firstIndex { $0 == "/" || $0 == "?" } ?? given.endIndex
        let options = given[end...].firstIndex(of: "?").map { String(given[$0...]) } ?? ""
        return given[..<end] + "/" + database + options
    }
}
