import ChurnCalls
import ChurnProtocol
import NIOCore
import TestSupport
import Testing

/// Messages without an envelope, as gRPC carries them.
@Suite struct BareMessageTests {
    /// customer_id 12347, then the model in field 15.
    private static let byID: [UInt8] = [0x09, 0x3B, 0x30, 0, 0, 0, 0, 0, 0, 0x7A, 1, UInt8(ascii: "m")]

    private func decode(_ bytes: [UInt8], of method: ServiceMethod, _ body: (Call) throws -> Void) throws {
        let arena = DecodeArena()
        try bytes.withUnsafeBytes { try body(try RequestMessage.decode($0, of: method, arena: arena)) }
    }

    @Test("each method has its message, and the model is a field of it")
    func requests() throws {
        try decode(Self.byID, of: .predictByID) { call in
            guard case .predictByID(let arguments) = call.method else {
                Issue.record("not a PredictById")
                return
            }
            #expect(arguments.customer.number == 12347 && String(cString: call.model) == "m")
        }
        try decode([0x0A, 0x0A, 0x0A, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0x7A, 1, 0x6D], of: .predictBatch) { call in
            guard case .predictBatchByIDs(let ids) = call.method else {
                Issue.record("not a batch by ids")
                return
            }
            #expect(Array(ids) == [7] && String(cString: call.model) == "m")
        }
        try decode([0x08, 1], of: .health) { call in
            guard case .health(names: true) = call.method else {
                Issue.record("not a Health with names")
                return
            }
            #expect(String(cString: call.model).isEmpty)
        }
    }

    @Test("an empty message has defaults in all fields")
    func empty() throws {
        try decode([], of: .predictByID) { call in
            guard case .predictByID(let arguments) = call.method else {
                Issue.record("not a PredictById")
                return
            }
            #expect(arguments.customer.number == 0 && String(cString: call.model).isEmpty)
        }
        try decode([], of: .predictBatch) { call in
            guard case .predictBatchEmpty = call.method else {
                Issue.record("not an empty batch")
                return
            }
        }
    }

    @Test("every truncation within a field is malformed", arguments: [1, 2, 8, 10, 11])
    func truncated(length: Int) {
        let error = #expect(throws: DecodeError.self) {
            try decode(Array(Self.byID.prefix(length)), of: .predictByID) { _ in }
        }
        #expect(error == .malformed)
    }

    @Test("a model in the envelope and one in the request must be equal")
    func contradiction() throws {
        let arena = DecodeArena()
        for (envelope, isContradictory) in [("m", false), ("n", true)] {
            var payload: [UInt8] = [0x09, 5, 0, 0, 0, 0, 0, 0, 0, 0x1A, 1] + Array(envelope.utf8)
            payload += [0x22, UInt8(Self.byID.count)] + Self.byID
            try payload.withUnsafeBytes { bytes in
                let call = try RequestView.decode(bytes, arena: arena).call
                if case .contradictory(let failure) = call.method {
                    #expect(isContradictory && failure.code == .invalidArgument)
                } else {
                    #expect(!isContradictory && String(cString: call.model) == "m")
                }
            }
        }
    }

    @Test("a failure has no message, and leaves the buffer as it was")
    func failure() {
        var buffer = ByteBuffer(string: "before")
        #expect(ResponseEncoder.writeMessage(.failure(.unknownCustomer(1)), to: &buffer) == .unknownCustomer(1))
        #expect(String(buffer: buffer) == "before")
    }

    @Test("grpc.health.v1: the name of a service in, a status out")
    func healthCheck() throws {
        let arena = DecodeArena()
        let service = try ([0x0A, 2, 0x61, 0x62] as [UInt8]).withUnsafeBytes {
            try HealthCheckMessage.decode($0, arena: arena)
        }
        #expect(service == "ab")
        ([0x0A, 2, 0xC3, 0x28] as [UInt8]).withUnsafeBytes { bytes in
            let error = #expect(throws: DecodeError.self) { try HealthCheckMessage.decode(bytes, arena: arena) }
            #expect(error == .notUTF8(field: "service"))
        }
        var buffer = ByteBuffer()
        HealthCheckMessage.write(.notServing, to: &buffer)
        #expect(Array(buffer.readableBytesView) == [0x08, 2])
    }
}
