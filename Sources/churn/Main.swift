internal import ArgumentParser
internal import ChurnBase

@main
enum Main {
    static func main() async {
        // A reader that went away is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Churn.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(Self.report(error))
        }
    }

    /// Tells what went wrong, in one line, and how to end.
    private static func report(_ error: any Error) -> Int32 {
        // Docker reserves 2 and takes 1 for "unhealthy"; a probe that cannot even ask is no better.
        let isProbe = CommandLine.arguments.dropFirst().first == Health.configuration.commandName
        let status: ExitStatus
        switch error {
        case OutputError.closed:
            status = .outputClosed
        case let error as ExitStatus:
            status = error
        default:
            if let failure = Failure(error) {
                StandardStream.error.writeBestEffort("churn: error: \(failure.message)\n")
                status = failure.status
            } else {
                return reportUsage(error, isProbe: isProbe)
            }
        }
        return isProbe && status != .ok ? ExitStatus.failure.rawValue : status.rawValue
    }

    /// ArgumentParser's own: wrong usage, and the texts of `--help` and `--version`, which it throws too.
    private static func reportUsage(_ error: any Error, isProbe: Bool) -> Int32 {
        let status = Churn.exitCode(for: error).rawValue
        let text = Churn.fullMessage(for: error)
        guard status != 0 else {
            do throws(OutputError) {
                try StandardStream.output.write(text + "\n")
                return 0
            } catch {
                return report(error)
            }
        }
        let prefix = "Error: "
        let message = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        StandardStream.error.writeBestEffort("churn: error: \(message)\n")
        return isProbe ? ExitStatus.failure.rawValue : status
    }
}
