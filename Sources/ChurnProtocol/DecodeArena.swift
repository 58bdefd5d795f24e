internal import CProtobufC

/// Memory for the decoded form of one frame: protobuf-c takes from it, and `reset` gives everything back at once.
///
/// It has a ceiling for each frame, because a decoded message can be many times its wire form (an unknown field of
/// two bytes costs protobuf-c 40). A frame that wants more is refused as malformed; nothing traps.
///
/// One connection owns one arena; it is not `Sendable`.
package final class DecodeArena {
    /// What the C callbacks work on. It lives at a fixed address for as long as the arena.
    private struct State {
        var chunk: UnsafeMutableRawPointer
        var chunkBytes: Int
        /// What is kept between frames.
        let keptBytes: Int
        var used = 0
        /// Bytes that the current frame may still take.
        var remaining = 0
        var reachedCeiling = false
        /// Chunks filled before this one, since the last reset.
        var full: [UnsafeMutableRawPointer] = []
    }

    private static let alignment = 16

    private let state: UnsafeMutablePointer<State>
    private let allocator: UnsafeMutablePointer<ProtobufCAllocator>

    /// - Parameter keptBytes: what is kept between frames, and the least that is asked of the system at once. The
    ///   default holds any request by id and batches of some hundred rows.
    package init(keptBytes: Int = 16 * 1024) {
        state = .allocate(capacity: 1)
        state.initialize(
            to: State(
                chunk: .allocate(byteCount: keptBytes, alignment: Self.alignment),
                chunkBytes: keptBytes,
                keptBytes: keptBytes
            )
        )
        allocator = .allocate(capacity: 1)
        allocator.initialize(
            to: ProtobufCAllocator(
                alloc: { data, bytes in data.flatMap { DecodeArena.take(bytes, from: $0) } },
                free: { _, _ in },
                allocator_data: UnsafeMutableRawPointer(state)
            )
        )
    }

    deinit {
        for chunk in state.pointee.full { chunk.deallocate() }
        state.pointee.chunk.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
        allocator.deinitialize(count: 1)
        allocator.deallocate()
    }

    /// Whether the last frame was refused for wanting more than its ceiling.
    package var reachedCeiling: Bool { state.pointee.reachedCeiling }

    /// Ends the life of everything decoded before, and allows the next frame `ceilingBytes`.
    package func reset(ceilingBytes: Int) {
        if state.pointee.chunkBytes > state.pointee.keptBytes || !state.pointee.full.isEmpty {
            releaseChunks()
        }
        state.pointee.used = 0
        state.pointee.remaining = ceilingBytes
        state.pointee.reachedCeiling = false
    }

    /// Lends the arena to protobuf-c.
    func withAllocator<T>(_ body: (UnsafeMutablePointer<ProtobufCAllocator>) -> T) -> T {
        body(allocator)
    }

    /// Memory that lives as long as what has been decoded.
    ///
    /// - Parameter count: of elements that need no deinitialisation.
    /// - Returns: `nil` above the frame's ceiling.
    func allocate<Element: BitwiseCopyable>(
        _ type: Element.Type,
        count: Int
    ) -> UnsafeMutableBufferPointer<Element>? {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard !overflow, let start = Self.take(bytes, from: state) else { return nil }
        return UnsafeMutableBufferPointer(start: start.bindMemory(to: type, capacity: count), count: count)
    }

    private func releaseChunks() {
        for chunk in state.pointee.full { chunk.deallocate() }
        state.pointee.full.removeAll(keepingCapacity: false)
        if state.pointee.chunkBytes > state.pointee.keptBytes {
            state.pointee.chunk.deallocate()
            state.pointee.chunk = .allocate(byteCount: state.pointee.keptBytes, alignment: Self.alignment)
            state.pointee.chunkBytes = state.pointee.keptBytes
        }
    }

    private static func take(_ bytes: Int, from data: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        let state = data.assumingMemoryBound(to: State.self)
        // A size from the wire cannot exceed the frame, so neither sum can overflow; the guard keeps it so.
        guard bytes >= 0, bytes <= state.pointee.remaining else {
            state.pointee.reachedCeiling = true
            return nil
        }
        let rounded = max(alignment, (bytes + alignment - 1) & ~(alignment - 1))
        if rounded > state.pointee.chunkBytes - state.pointee.used {
            let chunkBytes = max(state.pointee.keptBytes, rounded)
            state.pointee.full.append(state.pointee.chunk)
            state.pointee.chunk = .allocate(byteCount: chunkBytes, alignment: alignment)
            state.pointee.chunkBytes = chunkBytes
            state.pointee.used = 0
        }
        let address = state.pointee.chunk + state.pointee.used
        state.pointee.used += rounded
        state.pointee.remaining -= min(rounded, state.pointee.remaining)
        return address
    }
}
