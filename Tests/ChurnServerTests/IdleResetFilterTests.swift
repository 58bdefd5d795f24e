import ChurnServer
import TestSupport
import Testing

@Suite struct IdleResetFilterTests {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private static let headers: UInt8 = 1
    private static let reset: UInt8 = 3

    private static func frame(_ kind: UInt8, stream: Int, payload: [UInt8]) -> [UInt8] {
        [
            0, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF), kind, 0, 0, 0, UInt8(stream >> 8),
            UInt8(stream & 0xFF),
        ]
            + payload
    }

    /// What comes through, when the input comes in pieces of these sizes, the last one again and again.
    private static func filtered(_ input: [UInt8], pieces: [Int]) -> (output: [UInt8], skipped: Int) {
        var filter = IdleResetFilter()
        var output: [UInt8] = []
        var (start, piece) = (0, 0)
        while start < input.count {
            let end = min(input.count, start + pieces[min(piece, pieces.count - 1)])
            input[start..<end].withUnsafeBytes { bytes in
                var rest = bytes
                while let passed = filter.next(&rest) { output += passed }
            }
            (start, piece) = (end, piece + 1)
        }
        return (output, filter.skipped)
    }

    @Test("only resets of streams that were never begun are left out, wherever the input is cut", arguments: 0..<12)
    func random(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var (input, wanted) = (Self.preface, Self.preface)
        var (last, skipped) = (-1, 0)
        for _ in 0..<60 {
            let stream = Int.random(in: 0...40, using: &random)
            let kinds: [UInt8] = [Self.headers, Self.reset, 0, 4, 6, 8, 9]
            let kind = kinds[Int.random(in: kinds.indices, using: &random)]
            let length = kind == Self.reset ? 4 : Int.random(in: 0...30, using: &random)
            let frame = Self.frame(
                kind,
                stream: stream,
                payload: (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            )
            input += frame
            if kind == Self.reset, stream % 2 == 1, stream > last { skipped += 1 } else { wanted += frame }
            if kind == Self.headers { last = max(last, stream) }
        }
        let pieces = (0..<400).map { _ in Int.random(in: 1...(seed % 2 == 0 ? 4 : 60), using: &random) }
        for cut in [pieces, [1], [input.count]] {
            let (output, count) = Self.filtered(input, pieces: cut)
            #expect(output == wanted)
            #expect(count == skipped)
        }
    }

    @Test("frames that carry nothing are counted, and many of them come in several pieces", arguments: [1, 7, 9, 4096])
    func emptyFrames(piece: Int) {
        let one = Self.frame(0, stream: 1, payload: []) + Self.frame(2, stream: 3, payload: [0, 0, 0, 0, 9])
        let others =
            Self.frame(0, stream: 1, payload: [7]) + Self.frame(4, stream: 0, payload: [])
            // With the flag that ends its stream.
            + [0, 0, 0, 0, 1, 0, 0, 0, 1]
        var input = Self.preface + others
        for _ in 0..<500 { input += one }
        input += Self.frame(0x20, stream: 0, payload: [1, 2]) + others
        var filter = IdleResetFilter()
        var (output, count, most) = ([UInt8](), 0, 0)
        for start in stride(from: 0, to: input.count, by: piece) {
            input[start..<min(input.count, start + piece)].withUnsafeBytes { bytes in
                var rest = bytes
                while let passed = filter.next(&rest) {
                    output += passed
                    let empty = filter.takeEmptyFrames()
                    count += empty
                    most = max(most, empty)
                }
            }
        }
        #expect(output == input)
        #expect(count == 1001)
        #expect(most <= 64)
    }

    @Test("a reset of a stream that was begun, of an even one, or of another length is nghttp2's matter")
    func untouched() {
        let begun = Self.frame(Self.headers, stream: 5, payload: [1, 2, 3])
        let others =
            Self.frame(Self.reset, stream: 5, payload: [0, 0, 0, 8])
            + Self.frame(Self.reset, stream: 3, payload: [0, 0, 0, 8])
            + Self.frame(Self.reset, stream: 8, payload: [0, 0, 0, 8])
            + Self.frame(Self.reset, stream: 7, payload: [0, 0, 8])
        let input = Self.preface + begun + others
        for piece in 1...input.count {
            let (output, skipped) = Self.filtered(input, pieces: [piece])
            #expect(output == input)
            #expect(skipped == 0)
        }
    }
}
