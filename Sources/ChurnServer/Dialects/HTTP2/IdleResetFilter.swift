internal import CNghttp2

/// Leaves out of a client's input what resets a stream that the client never began, and counts the frames that carry nothing.
///
/// gRPC's C++ core sends such an RST_STREAM when a call is cancelled right after its start (grpc#19655). HTTP/2 makes it an
/// error of the connection, and nghttp2 has no option to overlook it: every other call on the connection would fail.
///
/// It reads the headers of frames only. Where one is split over two reads, its bytes are held back until it is whole.
package struct IdleResetFilter: ~Copyable {
    private static let headerBytes = 9

    /// The beginning of a frame's header whose rest has not arrived.
    private let partial = UnsafeMutableRawBufferPointer.allocate(byteCount: headerBytes, alignment: 1)
    private var partialCount = 0
    /// Bytes that are still to come of the frame in hand; at first, of what comes before all frames.
    private var frameRest = HTTP2Limits.prefaceBytes
    /// The frame in hand is left out.
    private var isSkipping = false
    /// The highest stream that the client has begun.
    private var lastStream: UInt32 = 0
    /// Frames that were left out.
    package private(set) var skipped = 0
    /// Frames that carry nothing, since `takeEmptyFrames`.
    private var emptyFrames = 0

    package init() {}

    deinit {
        partial.deallocate()
    }

    /// Takes bytes from the front of `input`.
    ///
    /// - Returns: those that are for nghttp2, perhaps none, valid until the next call; `nil` when all is taken.
    package mutating func next(_ input: inout UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard !input.isEmpty else { return nil }
        if partialCount > 0 {
            hold(&input)
            guard partialCount == Self.headerBytes else { return nil }
            partialCount = 0
            if passes(UnsafeRawBufferPointer(partial)) { return UnsafeRawBufferPointer(partial) }
        }
        if isSkipping {
            let count = min(frameRest, input.count)
            input = UnsafeRawBufferPointer(rebasing: input[count...])
            frameRest -= count
            guard frameRest == 0 else { return nil }
            isSkipping = false
        }
        var end = 0
        while true {
            let count = min(frameRest, input.count - end)
            end += count
            frameRest -= count
            if end == input.count { return take(end, from: &input) }
            guard input.count - end >= Self.headerBytes else {
                let piece = take(end, from: &input)
                hold(&input)
                return piece
            }
            let header = UnsafeRawBufferPointer(rebasing: input[end..<(end + Self.headerBytes)])
            guard passes(header) else {
                let piece = take(end, from: &input)
                input = UnsafeRawBufferPointer(rebasing: input[Self.headerBytes...])
                return piece
            }
            end += Self.headerBytes
            if emptyFrames >= HTTP2Limits.emptyFramesOfPiece { return take(end, from: &input) }
        }
    }

    /// How many frames that carry nothing have begun since the last call. Where there are many, `next` returns in between.
    package mutating func takeEmptyFrames() -> Int {
        defer { emptyFrames = 0 }
        return emptyFrames
    }

    private func take(_ count: Int, from input: inout UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let piece = UnsafeRawBufferPointer(rebasing: input[..<count])
        input = UnsafeRawBufferPointer(rebasing: input[count...])
        return piece
    }

    private mutating func hold(_ input: inout UnsafeRawBufferPointer) {
        let piece = take(min(Self.headerBytes - partialCount, input.count), from: &input)
        UnsafeMutableRawBufferPointer(rebasing: partial[partialCount...]).copyMemory(from: piece)
        partialCount += piece.count
    }

    /// A frame begins.
    ///
    /// - Returns: whether it is for nghttp2.
    private mutating func passes(_ header: UnsafeRawBufferPointer) -> Bool {
        frameRest = Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])
        let kind = UInt32(header[3])
        guard kind == NGHTTP2_HEADERS.rawValue || kind == NGHTTP2_RST_STREAM.rawValue else {
            if isEmpty(kind, flags: header[4]) { emptyFrames += 1 }
            return true
        }
        let stream = UInt32(bigEndian: header.loadUnaligned(fromByteOffset: 5, as: UInt32.self)) & 0x7FFF_FFFF
        if kind == NGHTTP2_HEADERS.rawValue {
            lastStream = max(lastStream, stream)
            return true
        }
        // A client's streams have odd numbers. Whatever else is wrong with the frame is for nghttp2 to find.
        guard stream > lastStream, stream % 2 == 1, frameRest == 4 else { return true }
        isSkipping = true
        skipped += 1
        return false
    }

    private func isEmpty(_ kind: UInt32, flags: UInt8) -> Bool {
        if kind == NGHTTP2_DATA.rawValue {
            return frameRest == 0 && flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) == 0
        }
        return kind == NGHTTP2_PRIORITY.rawValue || kind > NGHTTP2_CONTINUATION.rawValue
    }
}
