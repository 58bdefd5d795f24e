internal import ChurnCalls
internal import ChurnProtocol
internal import ChurnServing

/// The service by which balancers and probes ask for a server's state. All of its methods tell what Health tells.
extension GRPCService {
    static let health = GRPCService(
        name: "grpc.health.v1.Health",
        hasHealth: false,
        methods: [
            GRPCMethod("/grpc.health.v1.Health/Check") { $2.checkHealth($0, on: $1) },
            GRPCMethod("/grpc.health.v1.Health/Watch") { $2.watchHealth($0, on: $1) },
            GRPCMethod("/grpc.health.v1.Health/List") { $2.listHealth($0, on: $1) },
        ]
    )

    /// Whether `grpc.health.v1` has a status under this name; it is empty for the server as a whole.
    fileprivate static func hasHealth(_ name: String) -> Bool {
        name.isEmpty || all.contains { $0.hasHealth && $0.name == name }
    }

    /// All names that it has a status under.
    fileprivate static let healthNames = [""] + all.filter(\.hasHealth).map(\.name)
}

extension HTTP2Session {
    fileprivate func checkHealth(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) {
        guard let service = requestedService(message, on: stream) else { return }
        guard GRPCService.hasHealth(service) else {
            let names = GRPCService.healthNames.map { "\"\($0)\"" }.joined(separator: " or ")
            return fail(stream, CallFailure(code: .notFound, message: "there is no such service; ask for \(names)"))
        }
        writeMessage(on: stream) { HealthCheckMessage.write(healthStatus, to: &$0) }
        submitMessage(on: stream)
    }

    fileprivate func listHealth(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) {
        // The request has no fields, so none is read.
        writeMessage(on: stream) {
            HealthCheckMessage.writeList(of: GRPCService.healthNames, healthStatus, to: &$0)
        }
        submitMessage(on: stream)
    }

    fileprivate func watchHealth(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) {
        guard let service = requestedService(message, on: stream) else { return }
        guard healthWatches < HTTP2Limits.healthWatches else {
            let text = "this connection watches \(HTTP2Limits.healthWatches) services already; end one of these calls"
            return fail(stream, CallFailure(code: .resourceExhausted, message: text))
        }
        shared.addWatcher(self)
        respond(HealthWatch(isKnown: GRPCService.hasHealth(service)), on: stream)
    }

    /// - Returns: the name in the request; `nil` once the call has failed.
    private func requestedService(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) -> String? {
        guard case .small(let bytes) = message else {
            fail(stream, .invalidArgument("the name of a service is not that long"))
            return nil
        }
        do throws(DecodeError) {
            return try HealthCheckMessage.decode(bytes, arena: shared.arena)
        } catch {
            fail(stream, .invalidArgument(error.description))
            return nil
        }
    }

    fileprivate var healthStatus: HealthCheckMessage.Status {
        loop.unreadyReason == nil ? .serving : .notServing
    }
}

/// The response of a Watch: the status at once, then each change. One that comes while the peer does not read replaces the
/// one before, so that a watcher costs no more memory than its stream.
private final class HealthWatch: GRPCMessageSource {
    private let isKnown: Bool
    private var told: HealthCheckMessage.Status?

    init(isKnown: Bool) {
        self.isKnown = isKnown
    }

    func next(on stream: HTTP2Stream, of session: HTTP2Session) -> NextGRPCMessage {
        // A service that is not known stays so: the table of services is the program's.
        let status = isKnown ? session.healthStatus : .serviceUnknown
        if status == told {
            // A call without an end would keep the server from stopping.
            return session.beginsNoMore ? .end(.draining) : .later
        }
        told = status
        session.writeMessage(on: stream) { HealthCheckMessage.write(status, to: &$0) }
        return .written
    }
}

extension HTTP2Session {
    private var healthWatches: Int { count { $0.source is HealthWatch } }

    /// The server's state may have changed.
    func healthChanged() {
        resumeAll { $0.source is HealthWatch }
    }
}
