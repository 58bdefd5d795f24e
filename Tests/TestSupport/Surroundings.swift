internal import Foundation

/// What these tests need from outside. Each is an error that says what to do when it is not there.
package enum Surroundings {
    package struct Missing: Error, CustomStringConvertible {
        package var description: String

        package init(description: String) {
            self.description = description
        }
    }

    /// A path within the repository.
    package static func path(_ relative: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../\(relative)").standardized.path
    }

    /// A Python that has Google's protobuf runtime.
    package static func python() throws -> String {
        try python("CHURN_TEST_PYTHON", environment: "venv-tests", requirements: "requirements.txt")
    }

    /// A Python that has gRPC's own client.
    package static func grpcPython() throws -> String {
        try python("CHURN_TEST_GRPC_PYTHON", environment: "venv-grpc", requirements: "requirements-grpc.txt")
    }

    /// A Python that has FastAPI and tools for OpenAPI.
    package static func httpPython() throws -> String {
        try python("CHURN_TEST_HTTP_PYTHON", environment: "venv-http", requirements: "requirements-http.txt")
    }

    /// A Python that has Triton's client, of the Open Inference Protocol; `nil` when the tests with it are left out.
    package static func tritonPython() -> String? {
        try? python("CHURN_TEST_TRITON_PYTHON", environment: "venv-triton", requirements: "requirements-triton.txt")
    }

    /// A Python that drives Chromium.
    package static func browserPython() throws -> String {
        try python("CHURN_TEST_BROWSER_PYTHON", environment: "venv-browser", requirements: "requirements-browser.txt")
    }

    private static func python(_ variable: String, environment: String, requirements: String) throws -> String {
        guard let python = ProcessInfo.processInfo.environment[variable], !python.isEmpty else {
            throw Missing(
                description: """
                    \(variable) is not set. Run ./scripts/test, which makes a suitable Python, or do it by hand:
                    python3 -m venv .build/\(environment)
                    .build/\(environment)/bin/pip install -r Tests/Peers/python/\(requirements)
                    export \(variable)=$PWD/.build/\(environment)/bin/python
                    """
            )
        }
        return python
    }

    /// A program of the search path; `nil` when it is not installed.
    package static func program(_ name: String) -> String? {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// The name of the transport that servers are started with; `scripts/test` runs their suites once over each.
    package static var transport: String { ProcessInfo.processInfo.environment["CHURN_TEST_TRANSPORT"] ?? "epoll" }

    /// The program under test: built into the same folder as these tests.
    package static func churn() throws -> String {
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let churn = tests.deletingLastPathComponent().appending(path: "churn").path
        guard FileManager.default.isExecutableFile(atPath: churn) else {
            throw Missing(description: "\(churn) is missing; build it with the configuration of these tests")
        }
        return churn
    }

    /// The real data set where it is one file: the first one.
    package static func transactionFile() throws -> String {
        guard let file = try transactions().first else {
            throw Missing(
                description: "CHURN_DATA is a folder without CSV files; docs/data.md says how to get the data set"
            )
        }
        return file
    }

    /// The files of the real data set.
    package static func transactions() throws -> [String] {
        let environment = ProcessInfo.processInfo.environment["CHURN_DATA"] ?? ""
        let place = environment.isEmpty ? path("../shared/data/online_retail.csv.gz") : environment
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: place, isDirectory: &isDirectory) else {
            throw Missing(
                description: "\(place) is missing. This test needs the real data set: docs/data.md says how to get it; "
                    + "then set CHURN_DATA to the file, or to its folder."
            )
        }
        guard isDirectory.boolValue else { return [place] }
        return try FileManager.default.contentsOfDirectory(atPath: place)
            .filter { $0.lowercased().hasSuffix(".csv") || $0.lowercased().hasSuffix(".csv.gz") }
            .sorted()
            .map { "\(place)/\($0)" }
    }
}
