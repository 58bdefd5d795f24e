import ChurnCalls
import ChurnProtocol
import ChurnServer
import TestSupport
import Testing

/// The cutter by itself, without a socket and without a loop.
@Suite struct FrameCutterTests {
    /// What a cutter makes of a stream, as text.
    private enum Cut: Equatable {
        case frame([UInt8])
        case large([UInt8])
        case skipped(callID: UInt64)
        case broken(StatusCode, callID: UInt64)
    }

    @Test("a stream is cut into the same frames however it arrives", arguments: [UInt64(1), 2, 3, 4, 5])
    func pieces(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var stream: [UInt8] = []
        var expected: [Cut] = []
        for index in 0..<40 {
            let size = [9, 20, 300, 5_000, ServerLimits.inlinePayloadBytes, ServerLimits.inlinePayloadBytes + 1]
                .randomElement(
                    using: &random
                )!
            let payload = payload(callID: UInt64(index + 1), bytes: size, &random)
            stream += frame(payload)
            if size <= ServerLimits.inlinePayloadBytes {
                expected.append(.frame(payload))
            } else {
                // Every other large frame is passed over.
                expected.append(index.isMultiple(of: 2) ? .large(payload) : .skipped(callID: UInt64(index + 1)))
            }
        }
        #expect(cut([stream]) == expected)
        #expect(cut(stream.map { [$0] }) == expected)
        var pieces: [[UInt8]] = []
        var rest = stream[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...70_000, using: &random))
            pieces.append(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        #expect(cut(pieces) == expected)
    }

    @Test("limits are checked from the header and the call id, before a payload comes")
    func limits() {
        let tooLong = UInt32(ProtocolLimits.payloadBytes + 1)
        let id: [UInt8] = [0x09, 7, 0, 0, 0, 0, 0, 0, 0]
        #expect(cut([bigEndian(tooLong) + id]) == [.broken(.resourceExhausted, callID: 7)])
        #expect(cut([bigEndian(tooLong)]) == [.broken(.resourceExhausted, callID: 0)])
        #expect(cut([bigEndian(8)]) == [.broken(.invalidArgument, callID: 0)])
        #expect(cut([bigEndian(0)]) == [.broken(.invalidArgument, callID: 0)])
        // A large frame without a call id has no right to memory.
        let noID = [UInt8](repeating: 0x22, count: 9)
        #expect(cut([bigEndian(1_000_000) + noID]) == [.broken(.invalidArgument, callID: 0)])
    }

    @Test("a large payload can be read straight into its memory")
    func payloadRoom() throws {
        var random = SplitMix64(seed: 6)
        let payload = payload(callID: 3, bytes: ServerLimits.inlinePayloadBytes + 100, &random)
        let stream = frame(payload)
        var cutter = FrameCutter()
        let front = Array(stream[..<20])
        front.withUnsafeBytes { bytes in
            var rest = bytes
            guard case .large(let size, callID: 3) = cutter.next(&rest) else {
                Issue.record("no large frame")
                return
            }
            cutter.gather(into: large(size))
            guard case .needsMore = cutter.next(&rest) else {
                Issue.record("too early")
                return
            }
        }
        // Outside of the macros, which copy.
        let offered = cutter.payloadRoom
        let room = try #require(offered)
        #expect(room.count == stream.count - 20)
        room.copyBytes(from: stream[20...])
        let gathered = cutter.receivedPayload(room.count)
        #expect(gathered.map { Array($0.bytes) } == payload)
        let (offersMore, isBetweenFrames) = (cutter.payloadRoom != nil, cutter.isBetweenFrames)
        #expect(!offersMore && isBetweenFrames)
    }

    @Test("a cutter that discards gives no more events")
    func discarding() {
        var cutter = FrameCutter()
        cutter.discard()
        [UInt8](repeating: 1, count: 100).withUnsafeBytes { bytes in
            var rest = bytes
            guard case .needsMore = cutter.next(&rest) else {
                Issue.record("an event")
                return
            }
            #expect(rest.isEmpty)
        }
        let (isDiscarding, isBetweenFrames) = (cutter.isDiscarding, cutter.isBetweenFrames)
        #expect(isDiscarding && !isBetweenFrames)
    }

    // MARK: Making and cutting streams

    private func cut(_ pieces: [[UInt8]]) -> [Cut] {
        var cutter = FrameCutter()
        var cuts: [Cut] = []
        for piece in pieces {
            piece.withUnsafeBytes { bytes in
                var rest = bytes
                events: while true {
                    switch cutter.next(&rest) {
                    case .needsMore: break events
                    case .frame(let payload): cuts.append(.frame(Array(payload)))
                    case .gathered(let payload): cuts.append(.large(Array(payload.bytes)))
                    case .large(let size, let callID) where callID.isMultiple(of: 2):
                        cutter.skip()
                        cuts.append(.skipped(callID: callID))
                        _ = size
                    case .large(let size, _): cutter.gather(into: large(size))
                    case .broken(let failure, let callID):
                        cuts.append(.broken(failure.code, callID: callID))
                        cutter.discard()
                    }
                }
                #expect(rest.isEmpty)
            }
            cutter.giveBackMemory()
        }
        return cuts
    }

    private func large(_ bytes: Int) -> LargePayload {
        let budget = MemoryBudget(limitBytes: .max)
        return LargePayload(bytes: bytes, reserved: budget.reserve(bytes)!)
    }

    private func payload(callID: UInt64, bytes: Int, _ random: inout SplitMix64) -> [UInt8] {
        [0x09] + withUnsafeBytes(of: callID.littleEndian, Array.init)
            + (9..<bytes).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private func frame(_ payload: [UInt8]) -> [UInt8] {
        bigEndian(UInt32(payload.count)) + payload
    }
}
