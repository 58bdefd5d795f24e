internal import ArgumentParser
internal import ChurnCalls
internal import ChurnBase
internal import ChurnModel
internal import ChurnProtocol

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Say which version this is, and which kernels it scores with here.",
        discussion: """
            EXAMPLES
              churn version
              churn version --json
            """
    )

    @Flag(help: "One JSON object.")
    var json = false

    @OptionGroup var configuration: ConfigurationOptions

    func run() throws {
        let level = try configuration.settings().cpuLevel().rawValue
        let available = CPULevel.available.map(\.rawValue)
        let object = JSON.object([
            ("version", .string(ChurnVersion.current)), ("protocol", .string("churn.v1")),
            ("cpu_level", .string(level)),
            ("cpu_levels", .array(available.map(JSON.string))),
        ])
        let levels = available.joined(separator: ", ")
        let text =
            json ? object.text : "churn \(ChurnVersion.current), protocol churn.v1, CPU level \(level) of \(levels)"
        try StandardStream.output.write(text + "\n")
    }
}
