internal import ArgumentParser
internal import ChurnBase
internal import ChurnClient
internal import ChurnProtocol
internal import ChurnStore

/// `--config`, which every command with settings has.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Read settings from a JSON file (else CHURN_CONFIG).", valueName: "file"))
    var config: String?

    func settings() throws(Failure) -> Settings { try Settings(configFile: config) }
}

struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The store, as sqlite:PATH or mongodb://HOST/DATABASE (else CHURN_STORE).",
            discussion: "Unless set, churn/churn.sqlite in $XDG_DATA_HOME or in ~/.local/share.",
            valueName: "uri"
        )
    )
    var store: String?

    func location(_ settings: Settings) throws(Failure) -> StoreLocation { try settings.store(flag: store) }
}

struct ModelsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The directory of the models (else CHURN_MODELS).",
            discussion: "Unless set, models in the working directory, else ../share/churn/models beside the program.",
            valueName: "directory"
        )
    )
    var models: String?

    func directory(_ settings: Settings) throws(Failure) -> String { try settings.models(flag: models) }
}

/// Where the server is, for commands that call it.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server (else CHURN_SERVER, else \(ServiceAddress.defaultText)).",
            valueName: "host:port"
        )
    )
    var server: String?

    @Option(help: ArgumentHelp("The server's host alone (else CHURN_HOST).", valueName: "host"))
    var host: String?

    @Option(help: ArgumentHelp("The server's port alone (else CHURN_PORT).", valueName: "port"))
    var port: String?

    @Option(help: ArgumentHelp("Time for a call, such as 500ms or 2s (else CHURN_TIMEOUT).", valueName: "time"))
    var timeout: String?

    /// Long enough for a server that is being restarted, short enough for a person.
    private static let defaultAttempts = 4

    /// - Parameter attempts: how often a call is tried.
    func client(
        _ settings: Settings,
        timeout usual: Duration = ChurnClient.Configuration.defaultTimeout,
        attempts: Int = defaultAttempts
    ) throws -> ChurnClient {
        let server = try settings.address(.server, flag: server, hostFlag: host, portFlag: port)
        let timeout = try settings.timeout(flag: timeout, default: usual)
        guard server.port > 0 else { throw Failure(.usage, "port 0 is no server's; name the port it listens on") }
        return ChurnClient(
            configuration: try .init(
                host: server.host,
                port: server.port,
                connectTimeout: timeout,
                timeout: timeout,
                maximumAttempts: attempts
            )
        )
    }
}

/// Lends a client and closes it, however `body` ends.
func withClient<Value>(_ client: ChurnClient, _ body: (ChurnClient) async throws -> Value) async throws -> Value {
    do {
        let value = try await body(client)
        await client.shutdown()
        return value
    } catch {
        await client.shutdown()
        throw error
    }
}

/// The model of a call.
struct ModelOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The model, NAME or NAME@VERSION (else CHURN_MODEL, else the server's default).",
            valueName: "selector"
        )
    )
    var model: String?

    /// Empty: the server's default. Of several that are set for a server, the first.
    func selector(_ settings: Settings) -> String { settings.model(flags: model.map { [$0] } ?? []).first ?? "" }
}

/// A time as a flag gives it: `500ms`, `2s`, `1m`, or seconds.
struct TimeArgument: ExpressibleByArgument {
    var duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        guard let duration = Duration(parsing: argument) else { return nil }
        self.duration = duration
    }

    var defaultValueDescription: String { "\(shortText(duration / .seconds(1)))s" }
}
