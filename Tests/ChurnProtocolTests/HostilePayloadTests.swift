import ChurnProtocol
import NIOCore
import TestSupport
import Testing

/// Payloads that a broken or hostile peer may send. What counts is that decoding ends: with a view whose every field
/// can be read, or with an error. A trap would end the test process; ASan sees what a trap would not.
@Suite struct HostilePayloadTests {
    @Test("every truncation of a golden payload decodes or is refused", arguments: GoldenFrames.requests)
    func truncatedRequests(name: String) throws {
        let payload = try GoldenFrames.payload(name)
        let arena = DecodeArena()
        for length in 0..<payload.count { read(Array(payload.prefix(length)), arena) }
    }

    @Test("every single-bit flip of a golden payload decodes or is refused", arguments: GoldenFrames.requests)
    func flippedRequests(name: String) throws {
        let payload = try GoldenFrames.payload(name)
        let arena = DecodeArena()
        for bit in 0..<(8 * payload.count) {
            var flipped = payload
            flipped[bit / 8] ^= 1 << (bit % 8)
            read(flipped, arena)
        }
    }

    @Test("every truncation and bit flip of a golden response decodes or is refused", arguments: GoldenFrames.responses)
    func brokenResponses(name: String) throws {
        let payload = try GoldenFrames.payload(name)
        let arena = DecodeArena()
        for length in 0..<payload.count {
            Array(payload.prefix(length)).withUnsafeBytes { _ = try? Response.decode($0, arena: arena) }
        }
        for bit in 0..<(8 * payload.count) {
            var flipped = payload
            flipped[bit / 8] ^= 1 << (bit % 8)
            flipped.withUnsafeBytes { _ = try? Response.decode($0, arena: arena) }
        }
    }

    @Test("random bytes behind a call id decode or are refused", arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func randomPayloads(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let arena = DecodeArena()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            read(Self.callID + bytes, arena)
        }
    }

    @Test("fields of the wrong wire type are refused or skipped")
    func wrongWireTypes() {
        let arena = DecodeArena()
        for field in 1...8 as ClosedRange<UInt8> {
            for wireType in 0...7 as ClosedRange<UInt8> {
                for tail in [[], [0], [1, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]] as [[UInt8]] {
                    read(Self.callID + [field << 3 | wireType] + tail, arena)
                }
            }
        }
    }

    @Test("a varint that never ends is refused")
    func endlessVarint() {
        #expect(outcome(Self.callID + [0x10] + [UInt8](repeating: 0xFF, count: 100)) == .malformed)
        #expect(outcome(Self.callID + [UInt8](repeating: 0xFF, count: 100)) == .malformed)
    }

    @Test(
        "a declared length beyond the payload is refused, however large",
        arguments: [11, 1 << 20, 1 << 31, UInt64.max]
    )
    func declaredLengthIsNotThere(length: UInt64) {
        // predict_batch, of `length` bytes.
        #expect(outcome(Self.callID + [0x2A] + varint(length) + [0x0A]) == .malformed)
        // ids of `length` bytes within a batch of the right length.
        let ids: [UInt8] = [0x0A] + varint(length)
        let batch: [UInt8] = [0x0A] + varint(UInt64(ids.count)) + ids
        #expect(outcome(Self.callID + [0x2A] + varint(UInt64(batch.count)) + batch) == .malformed)
    }

    @Test("nesting 10,000 deep costs no stack")
    func deepNesting() {
        var nested: [UInt8] = [0x08, 0x01]
        for _ in 0..<10000 { nested = [0x7A] + varint(UInt64(nested.count)) + nested.suffix(20000) }
        let arena = DecodeArena()
        read(Self.callID + nested, arena)
        // The group wire types, which protobuf gave up.
        #expect(outcome(Self.callID + [UInt8](repeating: 0x7B, count: 10000)) == .malformed)
    }

    @Test("unknown fields are skipped, and a swarm of them meets the arena's ceiling")
    func unknownFields() {
        #expect(outcome(Self.callID + [0xA0, 0x06, 0x01] + [0x32, 0x00]) == nil)
        let swarm = [[UInt8]](repeating: [0x78, 0x01], count: 100_000).flatMap(\.self)
        #expect(outcome(Self.callID + swarm) == .tooManyFields)
    }

    @Test("a payload must begin with a call id other than 0")
    func callIDs() {
        #expect(outcome([]) == .noCallID)
        #expect(outcome([0x09, 1, 2, 3]) == .noCallID)
        #expect(outcome([0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0x32, 0]) == .noCallID)
        #expect(outcome([0x32, 0] + Self.callID) == .noCallID)
        // A second call id that says something else.
        #expect(outcome(Self.callID + [0x09, 2, 0, 0, 0, 0, 0, 0, 0]) == .noCallID)
        #expect(outcome(Self.callID) == nil)
    }

    @Test("text that is not UTF-8 is refused where it is read")
    func notUTF8() throws {
        let arena = DecodeArena()
        // A status whose message is the byte FF.
        let response = Self.callID + [0x12, 0x03, 0x12, 0x01, 0xFF]
        #expect(throws: DecodeError.notUTF8(field: "status.message")) {
            try response.withUnsafeBytes { _ = try Response.decode($0, arena: arena) }
        }
    }

    // MARK: Helpers

    private static let callID: [UInt8] = [0x09, 1, 0, 0, 0, 0, 0, 0, 0]

    private func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private func outcome(_ payload: [UInt8]) -> DecodeError? {
        let arena = DecodeArena()
        return payload.withUnsafeBytes { bytes in
            do throws(DecodeError) {
                _ = try RequestView.decode(bytes, arena: arena)
                return nil
            } catch {
                return error
            }
        }
    }

    /// Decodes, and reads every byte that the view gives access to.
    private func read(_ payload: [UInt8], _ arena: DecodeArena) {
        payload.withUnsafeBytes { bytes in
            guard let request = try? RequestView.decode(bytes, arena: arena) else { return }
            #expect(request.callID != 0)
            _ = String(validatingCString: request.call.model)
            switch request.call.method {
            case .predictBatchByIDs(let ids):
                #expect(ids.count * 8 <= payload.count)
                _ = ids.reduce(0, ^)
            case .predictBatchByColumns(let columns):
                for index in 0..<columns.count {
                    _ = columns[index].name.flatMap { String(validatingCString: $0) }
                    _ = columns[index].values.reduce(0, +)
                }
            case .predictBatchByTexts(let texts):
                #expect(texts.reduce(0) { $0 + 2 + $1.count } <= payload.count)
                _ = texts.reduce(0) { $0 ^ $1.reduce(0, ^) }
            case .predictByID(let arguments):
                if case .text(let text) = arguments.customer { _ = text.reduce(0, ^) }
            case .predictBatchEmpty, .health, .unknown, .contradictory:
                break
            }
        }
    }
}
