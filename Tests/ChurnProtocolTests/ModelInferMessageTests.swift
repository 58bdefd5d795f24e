import ChurnCalls
import ChurnProtocol
import TestSupport
import Testing

/// ModelInfer of the Open Inference Protocol: what is read of a request, and that no bytes trap.
@Suite struct ModelInferMessageTests {
    /// A field of bytes.
    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count < 128)
        return [number << 3 | 2, UInt8(bytes.count)] + bytes
    }

    private static func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    /// One input of two customers, a time-out of 5 us, and one output.
    private static func request(raw: [[UInt8]], contents: [UInt8] = []) -> [UInt8] {
        let timeout = field(1, "timeout") + field(2, [0x10, 0x05])
        let input = field(1, "customer_id") + field(2, "INT64") + field(3, [2]) + contents
        return field(1, "seed-logistic") + field(2, "1") + field(3, "a") + field(4, timeout) + field(5, input)
            + field(6, field(1, "status")) + raw.flatMap { field(7, $0) }
    }

    private static let ids: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]

    private static func decode(_ bytes: [UInt8]) throws(CallFailure) -> ModelInferMessage {
        // On the heap and of exactly that size, so that a read beyond it is one beyond the allocation.
        let arena = DecodeArena()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        return try ModelInferMessage.decode(UnsafeRawBufferPointer(memory), arena: arena)
    }

    @Test("every field that the server reads is read")
    func fields() throws {
        let arena = DecodeArena()
        let message = try Self.request(raw: [Self.ids]).withUnsafeBytes { (bytes) throws(CallFailure) in
            try ModelInferMessage.decode(bytes, arena: arena)
        }
        #expect(message.model.name == "seed-logistic" && message.model.version == "1" && message.id == "a")
        #expect(message.outputs == ["status"] && message.parameters == ["timeout"] && message.timeout == 5)
        let input = try #require(message.inputs.first)
        #expect(input.name == "customer_id" && input.datatype == "INT64" && input.shape == [2])
        guard case .raw(let bytes) = input.contents else {
            Issue.record("the contents are \(input.contents)")
            return
        }
        #expect(Array(bytes) == Self.ids)
    }

    @Test("contents come raw for every input or for none, and in the field of the datatype")
    func contents() throws {
        // Packed int64_contents, and packed fp64_contents.
        let integers = Self.field(5, Self.field(3, [1, 2]))
        let doubles = Self.field(5, Self.field(7, Self.ids))
        if case .integers(let values) = try Self.decode(Self.request(raw: [], contents: integers)).inputs[0].contents {
            #expect(values.count == 2)
        } else {
            Issue.record("no integers")
        }
        for bytes in [
            Self.request(raw: [], contents: doubles), Self.request(raw: [Self.ids], contents: integers),
            Self.request(raw: [], contents: integers + doubles),
        ] {
            guard case .other = try Self.decode(bytes).inputs[0].contents else {
                Issue.record("contents of another datatype are taken")
                continue
            }
        }
        let failure = #expect(throws: CallFailure.self) { try Self.decode(Self.request(raw: [Self.ids, Self.ids])) }
        #expect(failure?.message.contains("2 raw_input_contents and 1 inputs") == true)
    }

    @Test("truncated and changed requests are refused or read, and trap never")
    func damaged() throws {
        for whole in [
            Self.request(raw: [Self.ids]), Self.request(raw: [], contents: Self.field(5, Self.field(3, [1, 2]))),
        ] {
            var refused = 0
            for count in 0..<whole.count {
                do throws(CallFailure) {
                    _ = try Self.decode(Array(whole[..<count]))
                } catch {
                    #expect(error.code == .invalidArgument)
                    refused += 1
                }
            }
            #expect(refused > whole.count / 2)
            for index in whole.indices {
                for change in [0x01, 0x08, 0x80, 0xFF] as [UInt8] {
                    var changed = whole
                    changed[index] ^= change
                    do throws(CallFailure) {
                        _ = try Self.decode(changed)
                    } catch {
                        #expect(error.code == .invalidArgument)
                    }
                }
            }
        }
    }
}
