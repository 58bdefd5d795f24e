internal import Dispatch
internal import Foundation
internal import Glibc
internal import Synchronization

/// A program that runs beside the test, with all it prints; killed when it is no longer referred to.
package final class ChildProcess: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    package let identifier: Int32
    private let name: String
    private let output = Mutex<[UInt8]>([])
    /// One signal a chunk of output, and one at its end.
    private let news = DispatchSemaphore(value: 0)
    private let ended = Mutex<Bool>(false)
    private let process: RunningProcess

    /// Starts a program.
    ///
    /// - Throws: `Failure` when it cannot be started.
    package init(_ executable: String, _ arguments: [String]) throws {
        name = ([executable] + arguments).joined(separator: " ")
        process = try RunningProcess(executable, arguments)
        identifier = process.identifier
        // The thread ends with the pipe, so at the latest when the program has been killed.
        Thread.detachNewThread { [weak self, source = process.output] in
            while true {
                let chunk = source.availableData
                self?.take(chunk)
                if chunk.isEmpty { return }
            }
        }
    }

    deinit {
        process.kill()
    }

    private func take(_ chunk: Data) {
        if chunk.isEmpty {
            ended.withLock { $0 = true }
        } else {
            output.withLock { $0.append(contentsOf: chunk) }
        }
        news.signal()
    }

    private var text: String { output.withLock { String(decoding: $0, as: UTF8.self) } }

    /// Waits for a whole line with `text` in it. Blocks; 60 s at most.
    package func waitForLine(_ wanted: String) throws -> String {
        try wait("no line with '\(wanted)' in its output") { lines in
            lines.first { $0.contains(wanted) }.map { String($0) }
        }
    }

    /// Waits for a number of whole lines. Blocks; 60 s at most.
    package func waitForLines(_ count: Int) throws {
        try wait("fewer than \(count) lines in its output") { $0.count >= count ? () : nil }
    }

    private func wait<T>(_ complaint: String, until: ([Substring]) -> T?) throws -> T {
        let giveUp = DispatchTime.now() + .seconds(60)
        while true {
            let hasEnded = ended.withLock { $0 }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let result = until(Array(lines)) { return result }
            guard !hasEnded, news.wait(timeout: giveUp) == .success else {
                throw Failure(description: "\(name): \(complaint):\n\(text)")
            }
        }
    }

    /// Waits for the end. Blocks.
    package func waitForEnd() -> (status: Int32, output: String) {
        let status = process.wait()
        while !ended.withLock({ $0 }) { news.wait() }
        return (status, text)
    }

    /// Runs a program to its end.
    ///
    /// - Throws: `Failure`, with all it printed, when its status is not 0.
    package static func run(_ executable: String, _ arguments: [String]) throws {
        let child = try ChildProcess(executable, arguments)
        let (status, output) = child.waitForEnd()
        guard status == 0 else { throw Failure(description: "\(child.name): status \(status)\n\(output)") }
    }
}

/// `@unchecked Sendable`: `Process` is started by `init`, waited for by one thread, and otherwise only asked to die.
private final class RunningProcess: @unchecked Sendable {
    let output: FileHandle
    var identifier: Int32 { process.processIdentifier }
    private let process = Process()

    init(_ executable: String, _ arguments: [String]) throws {
        let pipe = Pipe()
        output = pipe.fileHandleForReading
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        do {
            try process.run()
        } catch {
            throw ChildProcess.Failure(description: "\(executable) cannot be started: \(error)")
        }
    }

    func wait() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    func kill() {
        if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
    }
}
