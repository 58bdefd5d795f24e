internal import ChurnBase

/// A fixed piece of memory that is filled from its start. Texts that it gave stay valid until it is emptied or goes.
final class SpoolChunk {
    private let base: UnsafeMutableRawPointer
    private let byteCount: Int
    private(set) var usedBytes = 0

    private static let largePageBytes = 2 << 20

    init(byteCount: Int) {
        self.byteCount = byteCount
        base = .allocate(byteCount: byteCount, alignment: byteCount < Self.largePageBytes ? 64 : Self.largePageBytes)
        #if os(Linux)
            // A wish: a large page costs one fault instead of 512.
            if byteCount >= Self.largePageBytes { _ = madvise(base, byteCount, MADV_HUGEPAGE) }
        #endif
    }

    deinit { base.deallocate() }

    var freeBytes: Int { byteCount - usedBytes }
    var whole: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }
    var reader: SpoolReader { SpoolReader(next: UnsafeRawPointer(base), end: UnsafeRawPointer(base + usedBytes)) }

    func removeAll() { usedBytes = 0 }

    /// The first bytes, to be overwritten; they are then those in use.
    func fill(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
        precondition(byteCount <= self.byteCount)
        usedBytes = byteCount
        return UnsafeMutableRawBufferPointer(start: base, count: byteCount)
    }

    /// - Precondition: there is room, which the caller checks once for a record.
    @inline(__always)
    func append(_ word: UInt64) {
        assert(freeBytes >= 8)
        base.storeBytes(of: word, toByteOffset: usedBytes, as: UInt64.self)
        usedBytes &+= 8
    }

    /// - Precondition: as for a word.
    /// - Returns: the text as it lies here.
    @inline(__always)
    @discardableResult
    func append(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        assert(freeBytes >= text.count)
        let start = base + usedBytes
        if let source = text.baseAddress, text.count > 0 { start.copyMemory(from: source, byteCount: text.count) }
        usedBytes &+= text.count
        return UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: text.count)
    }
}

/// Reads a chunk from its start to its end.
struct SpoolReader {
    var next: UnsafeRawPointer
    let end: UnsafeRawPointer

    /// Nil at the end.
    @inline(__always)
    mutating func word() -> UInt64? {
        guard end - next >= 8 else { return nil }
        defer { next += 8 }
        return next.loadUnaligned(as: UInt64.self)
    }

    @inline(__always)
    mutating func text(_ byteCount: Int) -> UnsafeBufferPointer<UInt8> {
        precondition(byteCount <= end - next)
        defer { next += byteCount }
        return UnsafeBufferPointer(start: next.assumingMemoryBound(to: UInt8.self), count: byteCount)
    }
}
