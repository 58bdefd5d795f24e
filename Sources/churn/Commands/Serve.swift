internal import ArgumentParser
internal import ChurnBase
internal import ChurnModel
internal import ChurnProtocol
internal import ChurnServer
internal import ChurnServing
internal import ChurnStore
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals
#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer predictions until SIGTERM or SIGINT.",
        discussion: """
            Loads the newest feature build, serves it, and follows the store: a newer
            build is loaded and swapped in without a pause. Told to stop, the server
            announces it on every connection, finishes the calls in flight, and ends when
            its clients have gone, at the latest after the drain timeout.

            There is no authentication: listen on addresses that only trusted peers reach.

            An address with a scheme speaks that dialect alone; without one, the first byte
            of a connection tells. grpc:// is gRPC, http:// is JSON over HTTP/1.1 and
            HTTP/2, frames:// the frames that `churn predict` and all other commands speak.

            EXAMPLES
              churn serve
              churn serve --listen 0.0.0.0:\(ServiceAddress.defaultPort) --model seed-logistic@1
              churn serve --listen frames://127.0.0.1:7447 --listen grpc://0.0.0.0:50051
              churn serve --port 0 --json          any free port, said on standard output
              churn serve --store mongodb://db1/churn --lookup read-through
            """
    )

    @OptionGroup var store: StoreOptions

    @Flag(help: "Serve without a store: PredictBatch with features only.")
    var noStore = false

    @OptionGroup var models: ModelsOptions

    @Option(
        help: ArgumentHelp(
            "A model to serve, NAME or NAME@VERSION; may be repeated, the first is the default (else CHURN_MODEL).",
            discussion: "Unless set, the newest version of every model there is.",
            valueName: "selector"
        )
    )
    var model: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where to listen; may be repeated (else CHURN_LISTEN, else \(ServiceAddress.defaultText)).",
            discussion: "Port 0 for any free one. Schemes: \(ListenAddress.schemesText).",
            valueName: "[scheme://]host:port"
        )
    )
    var listen: [String] = []

    @Option(help: ArgumentHelp("The host alone (else CHURN_HOST).", valueName: "host"))
    var host: String?

    @Option(help: ArgumentHelp("The port alone (else CHURN_PORT).", valueName: "port"))
    var port: String?

    @Option(help: ArgumentHelp("Write the first port to this file once connections are accepted.", valueName: "file"))
    var portFile: String?

    @Option(
        help: ArgumentHelp(
            "Where features are: resident (all in memory) or read-through (in the store, the last used in memory).",
            valueName: "mode"
        )
    )
    var lookup = Lookup.resident

    @Option(help: ArgumentHelp("read-through: customers kept in memory, half a kilobyte each.", valueName: "count"))
    var cachedCustomers = LookupMode.defaultCachedCustomers

    @Option(help: ArgumentHelp("read-through: how long one is used without another look.", valueName: "time"))
    var cacheFor = TimeArgument(LookupMode.defaultFreshFor)

    @Option(
        help: ArgumentHelp(
            "Take over from the server that waits at this Unix socket, and hand over to the next one there.",
            discussion: "No connection is refused meanwhile: deploys by this drop nothing.",
            valueName: "path"
        )
    )
    var handover: String?

    @Option(
        help: ArgumentHelp(
            "A page's origin that may read answers of HTTP in a browser, or *; may be repeated (else CHURN_CORS_ORIGIN).",
            discussion: "Unless set, pages of no other origin may.",
            valueName: "origin"
        )
    )
    var corsOrigin: [String] = []

    @Option(help: ArgumentHelp("What carries the bytes: epoll (the fastest) or nio (SwiftNIO).", valueName: "name"))
    var transport = ServerConfiguration.defaultTransport

    @Option(help: ArgumentHelp("Threads that serve connections; 0 for one per core.", valueName: "count"))
    var eventLoops = 0

    @Option(help: ArgumentHelp("Connections at a time.", valueName: "count"))
    var maxConnections = ServerConfiguration.defaultMaxConnections

    @Option(help: ArgumentHelp("Calls in flight of one connection.", valueName: "count"))
    var maxInFlight = ServerConfiguration.defaultMaxInFlightPerConnection

    @Option(help: ArgumentHelp("How long a stop waits for clients.", valueName: "time"))
    var drainTimeout = TimeArgument(ServerConfiguration.defaultDrainTimeout)

    @Option(
        help: ArgumentHelp(
            "How long a stop only tells Health, for balancers to notice, before it begins.",
            valueName: "time"
        )
    )
    var drainDelay = TimeArgument(ServerConfiguration.defaultDrainDelay)

    @Option(help: ArgumentHelp("How often the store is asked for a newer build.", valueName: "time"))
    var pollInterval = TimeArgument(ServerConfiguration.defaultStorePollInterval)

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error, critical.", valueName: "level"))
    var logLevel: String?

    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "One JSON line on standard output when the server listens.")
    var json = false

    enum Lookup: String, CaseIterable, ExpressibleByArgument {
        case resident
        case readThrough = "read-through"
    }

    /// A store that is silent for longer has failed, as far as Health is concerned.
    private static let storeStallLimit = Duration.seconds(5)

    func validate() throws {
        if noStore, lookup == .readThrough { throw ValidationError("--no-store leaves nothing to read through to") }
        if noStore, store.store != nil { throw ValidationError("--store and --no-store contradict each other") }
    }

    func run() async throws {
        let settings = try configuration.settings()
        let addresses = try settings.listen(flags: listen, hostFlag: host, portFlag: port)
        let serverConfiguration = try ServerConfiguration(
            endpoints: addresses.map(\.endpoint),
            transport: transport,
            eventLoops: eventLoops,
            maxConnections: maxConnections,
            maxInFlightPerConnection: maxInFlight,
            drainTimeout: drainTimeout.duration,
            drainDelay: drainDelay.duration,
            storePollInterval: pollInterval.duration,
            lookup: lookup == .resident
                ? .resident : .readThrough(cachedCustomers: cachedCustomers, freshFor: cacheFor.duration),
            handover: handover,
            manager: try ServiceManager(environment: ProcessInfo.processInfo.environment),
            cors: try settings.cors(flags: corsOrigin)
        )
        var logger = Logger(label: "churn", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = try settings.logLevel(flag: logLevel)
        let portFile = try portFile.map { path throws(Failure) in try PortFile(path: path) }
        let server = try ChurnServer(
            configuration: serverConfiguration,
            models: try ModelSet(try servedModels(settings), level: try settings.cpuLevel()),
            store: noStore ? nil : try store.location(settings).open(.read, stallLimit: Self.storeStallLimit),
            logger: logger
        ) { [json, logger] addresses in
            guard let first = addresses.first else { return }
            if let reason = portFile?.announce(port: first.port) {
                logger.error("the port file cannot be written", metadata: ["reason": "\(reason)"])
            }
            guard json else { return }
            let event = JSON.object([
                ("event", .string("listening")), ("host", .string(first.host)), ("port", .integer(first.port)),
                ("addresses", .array(addresses.map(\.json))),
            ])
            StandardStream.output.writeBestEffort(event.text + "\n")
        }
        // Its own log would repeat the error that ends this command.
        let silent = Logger(label: "churn.lifecycle", factory: { _ in SwiftLogNoOpLogHandler() })
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: silent
            )
        )
        .run()
    }

    /// The models that are set, or else the newest version of every model there is.
    private func servedModels(_ settings: Settings) throws -> [LogisticModel] {
        let catalog = try ModelCatalog(directory: models.directory(settings))
        var selectors = settings.model(flags: model)
        if selectors.isEmpty { selectors = DefaultModel.order(catalog.entries.map(\.name)) }
        guard !selectors.isEmpty else {
            throw Failure(.inputMissing, "\(catalog.directory): holds no model; name another directory with --models")
        }
        return try selectors.map { try catalog.model($0) }
    }
}

/// Which of several models is the default of a server that was told none.
enum DefaultModel {
    /// The order of preference; models it does not name follow by name.
    private static let preferred = [trained, "seed-logistic"]

    /// What a training calls its model unless it is told otherwise.
    static let trained = "churn-temporal"

    /// Each name once, the default first.
    static func order(_ names: [String]) -> [String] {
        let known = preferred.filter(names.contains)
        return known + Set(names).subtracting(known).sorted()
    }
}

extension TransportKind: ExpressibleByArgument {}

extension ListeningAddress {
    fileprivate var json: JSON {
        .object([
            ("host", .string(host)), ("port", .integer(port)),
            ("speaks", .array(schemes.map { .string($0.rawValue) })),
        ])
    }
}
