internal import ArgumentParser
internal import ChurnBase
internal import ChurnClient
internal import ChurnProtocol

struct Health: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a server how it is; for people and for container health checks.",
        discussion: """
            One try, no retry, one line. The exit status is 0 for SERVING and for DEGRADED
            (the store is gone or stale, and the customers in memory are answered), and 1
            for everything else, wrong usage too.

            EXAMPLES
              churn health
              churn health --server churn.internal:\(ServiceAddress.defaultPort) --timeout 1s --json
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "Exit with 1 for DEGRADED as well.")
    var strict = false

    @Flag(help: "One JSON object.")
    var json = false

    static let defaultTimeout = Duration.seconds(3)

    func run() async throws {
        let client = try server.client(configuration.settings(), timeout: Self.defaultTimeout, attempts: 1)
        let report = try await withClient(client) { try await $0.health(names: json) }
        let line = json ? Self.object(report).text : Self.line(report, client.configuration)
        try StandardStream.output.write(line + "\n")
        guard report.state == .serving || (report.state == .degraded && !strict) else { throw ExitStatus.failure }
    }

    private static func line(_ report: HealthReport, _ server: ChurnClient.Configuration) -> String {
        var parts = ["\(report.state) at \(server.host):\(server.port)"]
        if !report.reason.isEmpty { parts.append(report.reason) }
        if let features = report.features {
            let customers = groupedText(Int64(clamping: features.customers))
            parts.append("\(customers) customers as of \(timeText(second: features.featureTime))")
        }
        if !report.models.isEmpty {
            parts.append(report.models.map { "\($0.name)@\($0.version)" }.joined(separator: ", "))
        }
        // What came from the server stays on its line.
        return parts.joined(separator: "; ").oneLine
    }

    private static func object(_ report: HealthReport) -> JSON {
        .object([
            ("state", .string(report.state.description)), ("reason", .string(report.reason)),
            ("draining", .bool(report.draining)), ("server_version", .string(report.serverVersion)),
            ("uptime_ms", .integer(Int64(clamping: report.uptimeMilliseconds))),
            ("models", .array(report.models.map(object))),
            (
                "features",
                .optional(report.features) { features in
                    .object([
                        ("customers", .integer(Int64(clamping: features.customers))),
                        ("generation", .integer(Int64(clamping: features.generation))),
                        ("feature_time", .string(isoText(second: features.featureTime))),
                    ])
                }
            ),
            (
                "store",
                .optional(report.store) { store in
                    .object([
                        ("kind", .string(store.kind)), ("reachable", .bool(store.reachable)),
                        ("checked_ms_ago", .integer(Int64(clamping: store.checkedMillisecondsAgo))),
                    ])
                }
            ),
        ])
    }

    private static func object(_ model: HealthReport.Model) -> JSON {
        .object([
            ("name", .string(model.name)), ("version", .string(model.version)),
            ("schema_id", .string(hexadecimal(model.schemaID))), ("threshold", .number(model.threshold)),
            ("features", .array(model.features.map(JSON.string))),
        ])
    }
}
