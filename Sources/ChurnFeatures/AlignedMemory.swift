internal import ChurnBase

/// Owns uninitialised memory that starts at a cache line, until `release` gives it away.
struct AlignedMemory<Element: BitwiseCopyable>: ~Copyable {
    let base: UnsafeMutablePointer<Element>

    init(count: Int) {
        let byteCount = count * MemoryLayout<Element>.stride
        let isLarge = byteCount >= 2 * Self.hugePageBytes
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: byteCount,
            alignment: isLarge ? Self.hugePageBytes : Self.cacheLineBytes
        )
        #if os(Linux)
            // A random look-up in ordinary pages misses the TLB as well as the cache. A hint: it may be ignored.
            if isLarge { madvise(memory, byteCount, MADV_HUGEPAGE) }
        #endif
        base = memory.bindMemory(to: Element.self, capacity: count)
    }

    private static var cacheLineBytes: Int { 64 }
    private static var hugePageBytes: Int { 2 << 20 }

    init(count: Int, copying old: UnsafeMutablePointer<Element>, usedCount: Int) {
        self.init(count: count)
        base.initialize(from: old, count: usedCount)
    }

    consuming func release() -> UnsafePointer<Element> {
        let memory = base
        discard self
        return UnsafePointer(memory)
    }

    deinit {
        UnsafeMutableRawPointer(base).deallocate()
    }
}
