/// Bytes of HTTP/2: what a peer of ours sends, and whether what it gets is whole.
enum HTTP2Bytes {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// What records name by a number: the methods there are, one that there is not, and no path of gRPC.
    static let paths = [
        "/churn.v1.Churn/PredictById", "/churn.v1.Churn/PredictBatch", "/churn.v1.Churn/PredictBatchStream",
        "/churn.v1.Churn/Health", "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch",
        "/grpc.health.v1.Health/List", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "/churn.v1.Churn/None", "/",
    ]

    enum Kind {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let priority: UInt8 = 2
        static let reset: UInt8 = 3
        static let settings: UInt8 = 4
        static let ping: UInt8 = 6
        static let goaway: UInt8 = 7
        static let windowUpdate: UInt8 = 8
        static let continuation: UInt8 = 9
    }

    static let endStream: UInt8 = 1
    static let endHeaders: UInt8 = 4

    static func frame(_ kind: UInt8, flags: UInt8 = 0, stream: UInt8 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        let length = [16, 8, 0].map { UInt8(truncatingIfNeeded: payload.count >> $0) }
        return length + [kind, flags, 0, 0, 0, stream] + payload
    }

    /// The header block of a call, by indices of HPACK's static table and literals.
    static func block(_ path: String, _ fields: [(String, String)] = []) -> [UInt8] {
        var block: [UInt8] = [0x83, 0x86, 0x04] + literal(path) + [0x01] + literal("fuzz")
        block += [0x00] + literal("te") + literal("trailers") + [0x0F, 0x10] + literal("application/grpc")
        for (name, value) in fields { block += [0x00] + literal(name) + literal(value) }
        return block
    }

    private static func literal(_ text: String) -> [UInt8] {
        [UInt8(truncatingIfNeeded: text.utf8.count & 127)] + Array(text.utf8)
    }

    static func headers(_ stream: UInt8, _ path: String, _ fields: [(String, String)] = []) -> [UInt8] {
        frame(Kind.headers, flags: endHeaders, stream: stream, block(path, fields))
    }

    /// The head of a request that is no call of gRPC.
    static func request(
        _ stream: UInt8,
        _ path: String,
        isPost: Bool = false,
        isLast: Bool = true,
        _ fields: [(String, String)] = []
    ) -> [UInt8] {
        // The method and the scheme by their indices in HPACK's static table.
        var block: [UInt8] = [isPost ? 0x83 : 0x82, 0x86, 0x04] + literal(path) + [0x01] + literal("fuzz")
        for (name, value) in fields { block += [0x00] + literal(name) + literal(value) }
        return frame(Kind.headers, flags: endHeaders | (isLast ? endStream : 0), stream: stream, block)
    }

    /// A message as gRPC frames it.
    static func message(_ payload: [UInt8], isCompressed: Bool = false) -> [UInt8] {
        [isCompressed ? 1 : 0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: payload.count >> $0) } + payload
    }

    // MARK: Records

    /// Makes frames of records: a byte each for kind, flags, stream and length, and so many bytes. Bytes are inserted and removed
    /// within a frame, and its length stays right.
    static func frames(ofRecords records: ArraySlice<UInt8>) -> [UInt8] {
        var rest = records
        var frames: [UInt8] = []
        while rest.count >= 4 {
            let record = Array(rest.prefix(4))
            rest = rest.dropFirst(4)
            let payload = Array(rest.prefix(Int(record[3])))
            rest = rest.dropFirst(payload.count)
            frames += frame(ofRecord: record[0], flags: record[1], stream: record[2], payload)
        }
        return frames
    }

    private static func frame(ofRecord kind: UInt8, flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        switch kind {
        case 32..<64:
            // A call, perhaps with more fields.
            let path = paths[Int(kind - 32) % paths.count]
            return frame(Kind.headers, flags: flags & 1 | endHeaders, stream: stream, block(path) + payload)
        case 64: return frame(Kind.data, flags: flags & 1, stream: stream, message(payload))
        case 65: return frame(Kind.data, flags: flags & 1, stream: stream, message(payload, isCompressed: true))
        case 66: return payload
        case 67:
            // The beginning of a long message, or all of it.
            let long = message((0..<(Int(flags) * 64)).map { payload.isEmpty ? 0 : payload[$0 % payload.count] })
            return frame(Kind.data, flags: flags & 1, stream: stream, Array(long.prefix(16_384)))
        case 68: return frame(Kind.windowUpdate, stream: stream, [0, flags & 127, 255, 255])
        default: return frame(kind, flags: flags, stream: stream, payload)
        }
    }

    // MARK: Output

    static let longestFrame = 16 * 1024

    /// What is wrong with what a server has sent; `nil` for nothing.
    static func fault(of output: [UInt8]) -> String? {
        // It took its peer for one of HTTP/1.1.
        if output.starts(with: Array("HTTP/1.1 ".utf8)) { return nil }
        var start = 0
        while start < output.count {
            guard output.count - start >= 9 else { return "the output ends within the header of a frame" }
            let length = Int(output[start]) << 16 | Int(output[start + 1]) << 8 | Int(output[start + 2])
            if length > longestFrame { return "a frame of \(length) bytes" }
            if output[start + 3] > Kind.continuation { return "a frame of type \(output[start + 3])" }
            start += 9 + length
        }
        return start == output.count ? nil : "the output ends within a frame"
    }
}
