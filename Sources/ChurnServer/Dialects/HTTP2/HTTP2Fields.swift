internal import CNghttp2
internal import ChurnCalls

/// The header fields that responses begin and end with. nghttp2 refers to those that never change.
final class HTTP2Fields {
    typealias List = UnsafeMutableBufferPointer<nghttp2_nv>

    /// Fields of a failure that are none of its trailers.
    static let headCount = 2

    /// Of an answer that has a message.
    let response: List
    /// Behind the message.
    let trailers: List

    init() {
        response = .allocate(capacity: 2)
        response.initializeElement(at: 0, to: nghttp2_nv(":status", "200"))
        response.initializeElement(at: 1, to: nghttp2_nv("content-type", "application/grpc"))
        trailers = .allocate(capacity: 1)
        trailers.initializeElement(at: 0, to: nghttp2_nv("grpc-status", "0"))
    }

    deinit {
        response.deallocate()
        trailers.deallocate()
    }

    /// Lends the fields of a response that has nothing but a status: its headers are its trailers.
    func withFailure(_ failure: CallFailure, _ body: (List) -> Void) {
        var code = Array("\(failure.code.rawValue)".utf8)
        var message = GRPCStatusText.encode(failure.message)
        withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: 5) { fields in
            code.withUnsafeMutableBufferPointer { code in
                message.withUnsafeMutableBufferPointer { message in
                    fields.initializeElement(at: 0, to: response[0])
                    fields.initializeElement(at: 1, to: response[1])
                    fields.initializeElement(at: 2, to: nghttp2_nv("grpc-status", code))
                    fields.initializeElement(at: 3, to: nghttp2_nv("grpc-message", message))
                    fields.initializeElement(at: 4, to: nghttp2_nv("grpc-accept-encoding", "identity,gzip"))
                    let isAboutEncoding = failure.code == .unimplemented
                    body(List(rebasing: fields[..<(isAboutEncoding ? 5 : 4)]))
                }
            }
        }
    }

    /// Lends the fields of a response to what is no call of gRPC.
    func withStatus(_ status: StaticString, _ body: (List) -> Void) {
        withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: 2) { fields in
            fields.initializeElement(at: 0, to: nghttp2_nv(":status", status))
            fields.initializeElement(at: 1, to: nghttp2_nv("content-type", "text/plain"))
            body(fields)
        }
    }
}

extension nghttp2_nv {
    /// A field that nghttp2 need not copy: the texts are the program's own.
    init(_ name: StaticString, _ value: StaticString) {
        self.init(
            // nghttp2 does not write through the pointers of a field, here and below.
            name: UnsafeMutablePointer(mutating: name.utf8Start),
            value: UnsafeMutablePointer(mutating: value.utf8Start),
            namelen: name.utf8CodeUnitCount,
            valuelen: value.utf8CodeUnitCount,
            flags: UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
        )
    }

    /// A field whose value nghttp2 copies.
    init(_ name: StaticString, _ value: UnsafeMutableBufferPointer<UInt8>) {
        self.init(
            name: UnsafeMutablePointer(mutating: name.utf8Start),
            value: value.baseAddress,
            namelen: name.utf8CodeUnitCount,
            valuelen: value.count,
            flags: UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue)
        )
    }
}
