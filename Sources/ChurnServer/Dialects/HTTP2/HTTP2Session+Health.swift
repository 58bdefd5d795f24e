internal import ChurnCalls
internal import ChurnProtocol
internal import ChurnServing

/// The service by which balancers and probes ask for a server's state.
extension GRPCService {
    static let health = GRPCService(
        name: "grpc.health.v1.Health",
        hasHealth: false,
        methods: [GRPCMethod("/grpc.health.v1.Health/Check") { $2.checkHealth($0, on: $1) }]
    )
}

extension HTTP2Session {
    fileprivate func checkHealth(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) {
        guard case .small(let bytes) = message else {
            return fail(stream, .invalidArgument("the name of a service is not that long"))
        }
        do throws(DecodeError) {
            let service = try HealthCheckMessage.decode(bytes, arena: shared.arena)
            guard service.isEmpty || GRPCService.all.contains(where: { $0.hasHealth && $0.name == service }) else {
                let message = "there is no such service; ask for \"\" or \"churn.v1.Churn\""
                return fail(stream, CallFailure(code: .notFound, message: message))
            }
            let status = healthStatus
            _ = stream.response.writeGRPC {
                HealthCheckMessage.write(status, to: &$0)
                return nil
            }
            submitMessage(on: stream)
        } catch {
            fail(stream, .invalidArgument(error.description))
        }
    }

    private var healthStatus: HealthCheckMessage.Status {
        var status = HealthCheckMessage.Status.notServing
        loop.answerer.deliverHealth(loop.snapshot, names: false) { answer in
            if case .health(let report) = answer, report.state != .notServing { status = .serving }
        }
        return status
    }
}
