internal import ChurnBase
internal import ChurnCalls
internal import ChurnServing
internal import NIOCore

/// Who asks: where an answer goes that comes late.
struct HTTPCaller {
    let sessionID: Int
    /// What the session knows the request by.
    let tag: UInt64
    let liveness: ConnectionLiveness
}

/// Answers requests on one loop, whatever version of HTTP they came in.
///
/// A response's body is in `body`, which the next response overwrites. It is behind a pointer, because the run-time checks
/// of exclusive access to a class's property cost more than writing an answer.
final class HTTPResponder: DialectState {
    let body = UnsafeMutablePointer<ByteBuffer>.allocate(capacity: 1)
    /// What the session in hand writes to; empty between its turns.
    let output = UnsafeMutablePointer<ByteBuffer>.allocate(capacity: 1)
    let cors: CORSPolicy?
    /// Of the head: made once a second.
    private var date = HTTPDate()

    init(cors: CORSPolicy?) {
        self.cors = cors
        body.initialize(to: ByteBuffer())
        output.initialize(to: ByteBuffer())
    }

    deinit {
        for buffer in [body, output] {
            buffer.deinitialize(count: 1)
            buffer.deallocate()
        }
    }

    /// The one of a loop, for every version of HTTP.
    static func shared(on loop: LoopContext) -> HTTPResponder {
        loop.state(of: HTTP1Dialect.self) { HTTPResponder(cors: loop.services.configuration.cors) }
    }

    func snapshotChanged(_ current: PreparedSnapshot) {}

    /// The text of the field Date.
    func currentDate(_ now: NIODeadline) -> [UInt8] { date.text(now) }

    /// Makes the buffers ready for the next turn.
    func recycle() {
        for buffer in [body, output] {
            if buffer.pointee.capacity > ServerLimits.keptOutputBytes {
                buffer.pointee = ByteBuffer()
            } else {
                buffer.pointee.clear()
            }
        }
    }

    // MARK: Answers

    /// Answers what a request's head tells already: no such path, no such method there, too large a body.
    ///
    /// - Parameter bodyBytes: `nil` when it is not known yet.
    /// - Returns: `nil` when the body is to be read.
    func refuse(_ request: HTTPRequest, bodyBytes: Int?) -> HTTPResponse? {
        body.pointee.clear()
        if request.isForServer { return nil }
        guard let route = request.route else { return fail(request, .notFound, "there is no such path") }
        guard request.isMethodAllowed || isAllowedPreflight(request) else {
            var response = fail(request, .methodNotAllowed, "\(route.path) answers \(route.allow)")
            response.allow = route.allow
            return response
        }
        if let bodyBytes, bodyBytes > route.bodyLimit {
            return fail(request, .contentTooLarge, "the body is above the limit of \(route.bodyLimit) bytes")
        }
        return nil
    }

    /// Answers a request that `refuse` has let through.
    ///
    /// - Returns: `nil` when the answer comes late.
    func respond(
        to request: HTTPRequest,
        body input: HTTPBody,
        for caller: HTTPCaller,
        on loop: LoopContext
    ) -> HTTPResponse? {
        body.pointee.clear()
        guard let route = request.route, request.method != .options else {
            var response = HTTPResponse(.noContent)
            response.allow = request.route?.allow ?? "GET, HEAD, POST, OPTIONS"
            return response
        }
        var input = input
        do throws(HTTPFault) {
            if !route.isBatch { input = try unpacked(input, request, on: loop) }
        } catch {
            return fail(request, error.status, error.detail)
        }
        switch route {
        case .banner:
            body.pointee.writeLiteral("{\"message\":\"Churn Prediction API is running\"}")
            return HTTPResponse(.ok, .json)
        case .prototypeHealth: return prototypeHealth(on: loop)
        case .predictChurn: return predictChurn(request, input.bytes, for: caller, on: loop)
        case .predictChurnByID: return predictChurnByID(request, input.bytes, for: caller, on: loop)
        case .live:
            body.pointee.writeLiteral("ok\n")
            return HTTPResponse(.ok, .text)
        case .ready: return readiness(on: loop)
        case .health: return health(on: loop)
        case .models: return models(request, on: loop)
        case .customerPrediction: return predictCustomer(request, for: caller, on: loop)
        case .openAPI:
            if let known = notModified(Self.openAPITag, request) { return known }
            body.pointee.writeBytes(OpenAPIDocument.bytes)
            return tagged(HTTPResponse(.ok, .json), Self.openAPITag)
        case .docs:
            if let known = notModified(Self.docsTag, request) { return known }
            body.pointee.writeString(DocsPage.html)
            return tagged(HTTPResponse(.ok, .html), Self.docsTag)
        case .predictions: return predictBatch(request, input, for: caller, on: loop)
        case .modelInfer, .versionInfer: return infer(request, input, for: caller, on: loop)
        case .serverMetadata, .serverLive, .serverReady, .repositoryIndex, .modelMetadata, .modelReady,
            .versionMetadata, .versionReady:
            return inferenceMetadata(route, request, input.bytes, on: loop)
        }
    }

    /// A small body, without its packing.
    private func unpacked(
        _ input: HTTPBody,
        _ request: HTTPRequest,
        on loop: LoopContext
    ) throws(HTTPFault) -> HTTPBody {
        switch request.fields.contentEncoding {
        case .identity: return input
        case .gzip:
            let limit = HTTPLimits.smallBodyBytes
            return .memory(try GzipReader.unpack(input.bytes, limit: limit, loop.services.budget))
        case .unknown: throw .unknownEncoding
        }
    }

    /// Answers a request whose answer has come late.
    func respond(to request: HTTPRequest, late: LateAnswer, on loop: LoopContext) -> HTTPResponse {
        body.pointee.clear()
        var response = HTTPResponse(.internalError)
        loop.answerer.deliver(late) { response = write($0, of: request) }
        return request.route == .customerPrediction && response.status == .ok ? tagged(response, request) : response
    }

    /// Writes the answer of a call that a request has made.
    func write(_ answer: Answer, of request: HTTPRequest) -> HTTPResponse {
        switch request.route {
        case .predictChurn?, .predictChurnByID?: writePrototype(answer, of: request)
        case .customerPrediction?: writeCustomer(answer, of: request)
        default:
            if case .failure(let failure) = answer { fail(request, failure) } else { HTTPResponse(.internalError) }
        }
    }

    // MARK: Failures

    func fail(_ request: HTTPRequest, _ failure: CallFailure) -> HTTPResponse {
        fail(request, HTTPStatus(failure), failure.message)
    }

    /// - Parameter detail: one line for the caller.
    func fail(_ request: HTTPRequest, _ status: HTTPStatus, _ detail: String) -> HTTPResponse {
        body.pointee.clear()
        var response: HTTPResponse
        if request.isInference {
            body.pointee.writeLiteral("{\"error\":")
            body.pointee.writeQuoted(detail)
            body.pointee.writeLiteral("}")
            response = HTTPResponse(status, .json)
        } else if request.isPrototype {
            body.pointee.writeLiteral("{\"detail\":")
            switch status {
            // FastAPI's own words.
            case .notFound where request.route == nil: body.pointee.writeLiteral("\"Not Found\"")
            case .methodNotAllowed: body.pointee.writeLiteral("\"Method Not Allowed\"")
            default: body.pointee.writeQuoted(detail)
            }
            body.pointee.writeLiteral("}")
            response = HTTPResponse(status, .json)
        } else {
            return fault(HTTPFault(status, detail))
        }
        response.retryAfterSeconds = status.retryAfterSeconds
        return response
    }

    /// Answers what is no request of any route.
    func fault(_ fault: HTTPFault) -> HTTPResponse {
        body.pointee.clear()
        Self.writeProblem(fault.status, fault.detail, to: &body.pointee)
        var response = HTTPResponse(fault.status, .problem)
        response.retryAfterSeconds = fault.status.retryAfterSeconds
        return response
    }

    /// An error as RFC 9457 has it.
    static func writeProblem(_ status: HTTPStatus, _ detail: String, to output: inout ByteBuffer) {
        output.writeLiteral("{\"type\":\"about:blank\",\"title\":\"")
        output.writeLiteral(status.reason)
        output.writeLiteral("\",\"status\":")
        output.writeDecimal(Int64(status.rawValue))
        output.writeLiteral(",\"detail\":")
        output.writeQuoted(detail)
        output.writeLiteral("}")
    }
}

extension HTTPRequest {
    /// Whether the request is answered as the prototype would: on its routes, and on paths that nothing answers.
    var isPrototype: Bool { route?.isPrototype ?? true }
}
