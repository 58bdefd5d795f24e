internal import ChurnCalls
internal import ChurnProtocol
internal import NIOCore

/// Server reflection, by which grpcurl and its like learn what there is to call. Both versions are the same on the wire.
extension GRPCService {
    static let reflection = reflection(
        "grpc.reflection.v1.ServerReflection",
        path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
    )
    static let reflectionAlpha = reflection(
        "grpc.reflection.v1alpha.ServerReflection",
        path: "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    )

    private static func reflection(_ name: String, path: StaticString) -> GRPCService {
        GRPCService(name: name, hasHealth: false, methods: [GRPCMethod(path, stream: { $1.reflect(on: $0) })])
    }
}

/// A call that is asked and answered in turn: one answer to each request, in their order.
final class GRPCReflection: GRPCRequestReader {
    /// Of the memory budget, for `answers`.
    private let reserved: MemoryBudget.Reservation
    /// Those that the peer has not taken.
    private var answers = ByteBuffer()
    private var end: End?

    private struct End {
        let failure: CallFailure?
    }

    init(reserved: MemoryBudget.Reservation) {
        self.reserved = reserved
    }

    func next(on stream: HTTP2Stream, of session: HTTP2Session) -> NextGRPCMessage {
        if answers.readableBytes > 0 {
            swap(&answers, &stream.response)
            return .written
        }
        if let end { return .end(end.failure) }
        // A call without an end would keep the server from stopping.
        return session.beginsNoMore ? .end(.draining) : .later
    }

    func receive(_ piece: UnsafeRawBufferPointer, on stream: HTTP2Stream, of session: HTTP2Session) {
        guard end == nil else { return }
        var rest = piece
        do throws(CallFailure) {
            while let message = try stream.message.takeNext(&rest, atMost: HTTP2Limits.reflectionRequestBytes) {
                try answer(stream.message.isCompressed ? session.inflated(message) : message, session.shared.arena)
            }
        } catch {
            end = End(failure: error)
        }
        session.resume(stream)
    }

    func requestEnded(on stream: HTTP2Stream, of session: HTTP2Session) {
        guard end == nil else { return }
        let isWhole = stream.message.isBetweenMessages
        end = End(failure: isWhole ? nil : .invalidArgument("the request ends within a message"))
        session.resume(stream)
    }

    private func answer(_ request: UnsafeRawBufferPointer, _ arena: DecodeArena) throws(CallFailure) {
        guard answers.readableBytes < HTTP2Limits.reflectionAnswerBytes else {
            let text = "too many answers wait to be read; read between requests"
            throw CallFailure(code: .resourceExhausted, message: text)
        }
        var problem: DecodeError?
        _ = answers.writeGRPC { buffer in
            do throws(DecodeError) {
                try ReflectionMessage.answer(request, services: GRPCService.all.map(\.name), arena: arena, to: &buffer)
                return nil
            } catch {
                problem = error
                return .invalidArgument(error.description)
            }
        }
        if let problem { throw .invalidArgument(problem.description) }
    }
}

extension HTTP2Session {
    fileprivate func reflect(on stream: HTTP2Stream) {
        guard let reserved = loop.services.budget.reserve(HTTP2Limits.reflectionAnswerBytes) else {
            return fail(stream, .outOfMemoryBudget)
        }
        respond(GRPCReflection(reserved: reserved), on: stream)
    }
}
