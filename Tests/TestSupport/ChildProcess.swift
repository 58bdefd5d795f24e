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
    /// - Parameters:
    ///   - environment: joins, and wins over, that of this process.
    ///   - descriptors: it gets copies of them, as descriptors 3 and on.
    /// - Throws: `Failure` when it cannot be started.
    package init(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        descriptors: [Int32] = []
    ) throws {
        name = ([executable] + arguments).joined(separator: " ")
        process = try Spawning.alone { try RunningProcess(executable, arguments, environment, descriptors) }
        identifier = process.identifier
        // The thread ends with the pipe, so at the latest when the program has been killed.
        Thread.detachNewThread { [weak self, source = process.output] in
            defer { close(source) }
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = read(source, &chunk, chunk.count)
                // Foundation's FileHandle traps here: the end of any child interrupts the read.
                if count < 0 && errno == EINTR { continue }
                self?.take(chunk[..<max(0, count)])
                if count <= 0 { return }
            }
        }
    }

    deinit {
        process.kill()
    }

    private func take(_ chunk: ArraySlice<UInt8>) {
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

    /// Waits for a number of whole lines. Blocks.
    package func waitForLines(_ count: Int, seconds: Int = 60) throws {
        try wait("fewer than \(count) lines in its output", seconds) { $0.count >= count ? () : nil }
    }

    private func wait<T>(_ complaint: String, _ seconds: Int = 60, until: ([Substring]) -> T?) throws -> T {
        let giveUp = DispatchTime.now() + .seconds(seconds)
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
    package static func run(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws {
        let child = try ChildProcess(executable, arguments, environment: environment)
        let (status, output) = child.waitForEnd()
        guard status == 0 else { throw Failure(description: "\(child.name): status \(status)\n\(output)") }
    }
}

/// A process started by posix_spawn(3) and reaped by waitpid(2). Foundation's `Process` learns of an end through a socket
/// that other children may inherit, and then waits for them as well.
private final class RunningProcess: Sendable {
    let identifier: Int32
    /// Where standard output and standard error can be read; the reader closes it.
    let output: Int32
    private let status = Mutex<Int32?>(nil)

    init(
        _ executable: String,
        _ arguments: [String],
        _ environment: [String: String],
        _ descriptors: [Int32]
    ) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Self.failure(executable, errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        output = ends[0]
        defer { close(ends[1]) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        for (index, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(3 + index))
        }
        // Not the connections of clients in this process, which would stay open for as long as the child lives.
        // One that is not open is passed over.
        for descriptor in Int32(3 + descriptors.count)..<1024 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }

        var argv = ([executable] + arguments).map { strdup($0) } + [nil]
        let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        var envp = all.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, executable, &actions, nil, &argv, &envp)
        guard code == 0 else {
            close(ends[0])
            throw Self.failure(executable, code)
        }
        identifier = pid
    }

    deinit {
        kill()
        _ = wait()
    }

    /// The exit status, or 128 and the number of the signal that ended it, as a shell has it. Blocks.
    func wait() -> Int32 {
        status.withLock { status in
            if let status { return status }
            var raw: Int32 = 0
            while waitpid(identifier, &raw, 0) < 0 && errno == EINTR {}
            let signal = raw & 0x7F
            let result = signal == 0 ? (raw >> 8) & 0xFF : 128 + signal
            status = result
            return result
        }
    }

    /// Only a child that was not waited for: its number cannot have gone to another process yet.
    func kill() {
        status.withLock { if $0 == nil { _ = Glibc.kill(identifier, SIGKILL) } }
    }

    private static func failure(_ executable: String, _ code: Int32) -> ChildProcess.Failure {
        ChildProcess.Failure(description: "\(executable) cannot be started: \(String(cString: strerror(code)))")
    }
}

/// One process is started at a time: between the making of a pipe and its close-on-exec flag, a child of another thread
/// would inherit the pipe, and hold it open for as long as it lives.
package enum Spawning {
    private static let turn = Mutex<Void>(())

    package static func alone<T>(_ start: () throws -> T) rethrows -> T {
        try turn.withLock { _ in try start() }
    }
}
