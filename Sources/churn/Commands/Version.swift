internal import ArgumentParser
internal import ChurnProtocol

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say which version this is.",
        discussion: """
            EXAMPLES
              churn version
              churn version --json
            """
    )

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        let object = JSON.object([("version", .string(ChurnVersion.current)), ("protocol", .string("churn.v1"))])
        let text = json ? object.text : "churn \(ChurnVersion.current), protocol churn.v1"
        try StandardStream.output.write(text + "\n")
    }
}
