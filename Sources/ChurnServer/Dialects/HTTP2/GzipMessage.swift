internal import CZlib
internal import ChurnCalls

/// Unpacks one message that a client has compressed: one member of gzip (RFC 1952), as gRPC's clients write it.
///
/// Its last four bytes tell how long the message is. So the limit, and the memory for it, are seen to before a byte is
/// unpacked; what unpacks to more or less than that is damaged.
enum GzipMessage {
    /// Of a header and a trailer without anything between them.
    private static let leastBytes = 18

    /// What a byte can unpack to, at the most (zlib.net, "Maximum Compression Factor"), rounded up.
    private static let mostBytesOfOne = 1040

    static let damaged = CallFailure(
        code: .internal,
        message: "the message is marked as compressed by gzip, and is none or damaged"
    )

    /// - Returns: the bytes of the message, as far as its compressed form tells; `nil` when that is no gzip.
    static func messageBytes(of compressed: UnsafeRawBufferPointer) -> Int? {
        guard compressed.count >= leastBytes, compressed[0] == 0x1F, compressed[1] == 0x8B else { return nil }
        let trailer = compressed.loadUnaligned(fromByteOffset: compressed.count - 4, as: UInt32.self)
        let bytes = Int(UInt32(littleEndian: trailer))
        return bytes <= compressed.count * mostBytesOfOne ? bytes : nil
    }

    /// - Parameter target: as long as `messageBytes` says.
    static func inflate(
        _ compressed: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) throws(CallFailure) {
        // On the heap, because zlib keeps the address of the z_stream inside its state and refuses another.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer {
            // Harmless on a stream that did not start: zlib checks its state (zlib.h, inflateEnd).
            inflateEnd(stream)
            stream.deallocate()
        }
        // The macro inflateInit2 is not visible to Swift. 15 is the largest window, 16 asks for gzip and nothing else.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .outOfMemoryBudget
        }
        // zlib does not write through the pointer to its input.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: compressed.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(compressed.count)
        stream.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(target.count)
        let code = CZlib.inflate(stream, Z_FINISH)
        if code == Z_BUF_ERROR, stream.pointee.avail_out == 0, stream.pointee.avail_in > 0 {
            throw CallFailure(
                code: .resourceExhausted,
                message: "the message unpacks to more than the \(target.count) bytes that its gzip tells"
            )
        }
        guard code == Z_STREAM_END, stream.pointee.avail_in == 0, stream.pointee.avail_out == 0 else { throw damaged }
    }
}
