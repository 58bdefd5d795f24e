import Foundation
import TestSupport
import Testing

/// The real program, run to its end, with nothing of this environment's settings.
enum Program {
    struct Outcome: Sendable {
        var status: Int32
        var output: String
        var error: String

        /// Lines of standard output.
        var lines: [String] { output.split(separator: "\n").map(String.init) }

        /// One JSON object, as Foundation reads it.
        func object() throws -> [String: Any] { try Self.object(output) }

        static func object(_ text: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
        }
    }

    /// - Parameters:
    ///   - environment: all there is, apart from what a program needs to start.
    ///   - output: where standard output goes instead of into the outcome.
    static func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        input: String = "",
        directory: String? = nil,
        output: String? = nil
    ) async throws -> Outcome {
        try await blocking {
            let scratch = try TemporaryDirectory()
            let process = try prepare(arguments, environment, directory, scratch)
            try Data(input.utf8).write(to: URL(filePath: scratch.path + "/input"))
            process.standardInput = try FileHandle(forReadingFrom: URL(filePath: scratch.path + "/input"))
            let outputHandle = try create(output ?? scratch.path + "/output")
            let errorHandle = try create(scratch.path + "/error")
            process.standardOutput = outputHandle
            process.standardError = errorHandle
            try Spawning.alone { try process.run() }
            process.waitUntilExit()
            #expect(process.terminationReason == .exit)
            return Outcome(
                status: process.terminationStatus,
                output: output == nil ? try text(scratch.path + "/output") : "",
                error: try text(scratch.path + "/error")
            )
        }
    }

    /// Runs with a standard output that nobody reads any more, as after `| head`.
    static func runWithoutReader(_ arguments: [String]) async throws -> Outcome {
        try await blocking {
            let scratch = try TemporaryDirectory()
            let process = try prepare(arguments, [:], nil, scratch)
            let pipe = Pipe()
            try pipe.fileHandleForReading.close()
            process.standardOutput = pipe
            process.standardError = try create(scratch.path + "/error")
            try Spawning.alone { try process.run() }
            process.waitUntilExit()
            #expect(process.terminationReason == .exit)
            return Outcome(
                status: process.terminationStatus,
                output: "",
                error: try text(scratch.path + "/error")
            )
        }
    }

    private static func prepare(
        _ arguments: [String],
        _ environment: [String: String],
        _ directory: String?,
        _ scratch: TemporaryDirectory
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: try Surroundings.churn())
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: directory ?? Surroundings.path("."))
        var all = ["HOME": scratch.path]
        // Where the libraries of Swift are, on some machines.
        for name in ["PATH", "LD_LIBRARY_PATH"] { all[name] = ProcessInfo.processInfo.environment[name] }
        process.environment = all.merging(environment) { $1 }
        return process
    }

    private static func create(_ path: String) throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: path) {
            try Data().write(to: URL(filePath: path))
        }
        return try FileHandle(forWritingTo: URL(filePath: path))
    }

    private static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    /// Runs what must fail: in one line on standard error that says each of `parts`, and in nothing else.
    static func fails(
        _ arguments: [String],
        _ status: Int32,
        _ parts: [String],
        environment: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await run(arguments, environment: environment)
        #expect(outcome.status == status, "\(outcome)", sourceLocation: sourceLocation)
        #expect(outcome.output == "", sourceLocation: sourceLocation)
        let lines = outcome.error.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 2 && lines.last == "", "not one line: \(outcome.error)", sourceLocation: sourceLocation)
        #expect(outcome.error.hasPrefix("churn: error: "), "\(outcome.error)", sourceLocation: sourceLocation)
        for part in parts {
            #expect(outcome.error.contains(part), "no '\(part)' in: \(outcome.error)", sourceLocation: sourceLocation)
        }
    }
}
