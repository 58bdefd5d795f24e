internal import CZlib
internal import ChurnBase
internal import ChurnCalls
internal import NIOCore

/// Packs an answer with gzip, a piece at a time.
///
/// `@unchecked Sendable`: whoever has its stream has it alone.
final class GzipWriter: @unchecked Sendable {
    // On the heap, because zlib keeps the address of the z_stream inside its state and refuses another.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Returns: `nil` when there is no memory.
    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // The macro deflateInit2 is not visible to Swift. 15 is the largest window, 16 asks for gzip. Level 1: the link is
        // seldom slower than the higher ones.
        let code = deflateInit2_(
            stream,
            1,
            Z_DEFLATED,
            15 + 16,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard code == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func write(_ text: ByteBuffer, isLast: Bool, to output: inout ByteBuffer) {
        text.withUnsafeReadableBytes { text in
            // zlib does not write to its input; its interface has no const.
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: text.bindMemory(to: UInt8.self).baseAddress
            )
            stream.pointee.avail_in = UInt32(text.count)
            var isFull = true
            while isFull {
                output.writeWithUnsafeMutableBytes(minimumWritableBytes: 64 * 1024) { space in
                    stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
                    stream.pointee.avail_out = UInt32(space.count)
                    _ = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                    isFull = stream.pointee.avail_out == 0
                    return space.count - Int(stream.pointee.avail_out)
                }
            }
        }
    }
}

/// Unpacks a body that is packed with gzip.
enum GzipReader {
    /// - Parameter limit: most bytes of the unpacked body.
    static func unpack(
        _ bytes: UnsafeRawBufferPointer,
        limit: Int,
        _ budget: MemoryBudget
    ) throws(HTTPFault) -> HTTPBodyMemory {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        // The macro inflateInit2 is not visible to Swift. 16 asks for gzip and nothing else.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw HTTPFault.outOfMemoryBudget
        }
        defer { inflateEnd(stream) }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(bytes.count)
        let memory = HTTPBodyMemory()
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
        defer { piece.deallocate() }
        while true {
            stream.pointee.next_out = piece.bindMemory(to: UInt8.self).baseAddress
            stream.pointee.avail_out = UInt32(piece.count)
            let code = inflate(stream, Z_NO_FLUSH)
            guard code == Z_OK || code == Z_STREAM_END else {
                throw HTTPFault(.badRequest, "the body is not one whole stream of gzip")
            }
            let count = piece.count - Int(stream.pointee.avail_out)
            let wanted = memory.bytes.count + count
            guard wanted <= limit else {
                throw HTTPFault(.contentTooLarge, "the unpacked body is above the limit of \(limit) bytes")
            }
            do throws(CallFailure) { try memory.reserve(wanted, budget) } catch { throw HTTPFault(error) }
            memory.append(UnsafeRawBufferPointer(rebasing: piece[..<count]))
            if code == Z_STREAM_END { break }
        }
        guard stream.pointee.avail_in == 0 else {
            throw HTTPFault(.badRequest, "the body is not one whole stream of gzip")
        }
        return memory
    }
}

extension HTTPFault {
    static var outOfMemoryBudget: HTTPFault { HTTPFault(CallFailure.outOfMemoryBudget) }
}
