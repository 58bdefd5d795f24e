internal import ChurnBase

/// Sorted runs of baskets in a temporary file, and the way back: all runs merged (external merge sort).
struct BasketSpill: ~Copyable {
    private var file: TemporaryFile
    private var runs: [(start: Int64, end: Int64)] = []
    private var buffer: [UInt8] = []

    private static let writeBytes = 1 << 20

    /// - Parameters: as of `TemporaryFile`.
    init(directory: String?, limitBytes: Int64?) throws(GroupingError) {
        GroupingLimits.check()
        do throws(TemporaryFileError) {
            file = try TemporaryFile(directory: directory, limitBytes: limitBytes)
        } catch {
            throw .temporaryFile(error)
        }
        buffer.reserveCapacity(Self.writeBytes + GroupingLimits.basketBytes)
    }

    /// - Throws: `notEnoughSpace` unless the file can take as much more.
    func reserve(_ byteCount: Int64) throws(GroupingError) {
        do throws(TemporaryFileError) { try file.reserve(byteCount) } catch { throw .temporaryFile(error) }
    }

    /// Writes everything in the log as one run and empties it.
    mutating func write(_ log: inout BasketLog) throws(GroupingError) {
        guard runs.count < GroupingLimits.runs else { throw .tooManyRuns(limit: GroupingLimits.runs) }
        let start = file.byteCount
        try log.forEachSorted { (basket) throws(GroupingError) in
            buffer.append(contentsOf: UnsafeRawBufferPointer(start: basket.base, count: basket.byteCount))
            if buffer.count >= Self.writeBytes { try flush() }
        }
        try flush()
        log.removeAll()
        runs.append((start, file.byteCount))
    }

    private mutating func flush() throws(GroupingError) {
        defer { buffer.removeAll(keepingCapacity: true) }
        var failure: TemporaryFileError?
        buffer.withUnsafeBytes { bytes in
            do throws(TemporaryFileError) { try file.append(bytes) } catch { failure = error }
        }
        if let failure { throw .temporaryFile(failure) }
    }

    /// Calls `body` with every basket in order (`Basket.isBefore`), equal ones by their runs.
    func forEachMerged(_ body: (Basket) throws -> Void) throws {
        let bufferBytes = min(1 << 20, GroupingLimits.mergeBytes / max(1, runs.count)) & ~7
        // The next basket's run on top (Knuth, TAOCP vol. 3, 5.4.1).
        var cursors = BinaryHeap<RunCursor>()
        for (number, run) in runs.enumerated() {
            let cursor = RunCursor(number: number, start: run.start, end: run.end, bufferBytes: bufferBytes)
            try cursor.advance(file)
            cursors.insert(cursor)
        }
        while let cursor = cursors.first, let basket = cursor.current {
            try body(basket)
            try cursor.advance(file)
            cursors.firstChanged()
        }
    }
}

/// Reads one run from its start to its end.
private final class RunCursor: HeapElement {
    private let number: Int
    /// Nil at the end; valid until the next `advance`.
    private(set) var current: Basket?
    private var offset: Int64
    private let end: Int64
    private let memory: UnsafeMutableRawBufferPointer
    private var position = 0
    private var filled = 0

    init(number: Int, start: Int64, end: Int64, bufferBytes: Int) {
        self.number = number
        offset = start
        self.end = end
        memory = .allocate(byteCount: bufferBytes, alignment: 64)
    }

    deinit { memory.deallocate() }

    /// Runs at their end come last.
    func isBefore(_ other: RunCursor) -> Bool {
        guard let second = other.current else { return current != nil || number < other.number }
        guard let first = current else { return false }
        if Basket.isBefore(first, second) { return true }
        return !Basket.isBefore(second, first) && number < other.number
    }

    func advance(_ file: borrowing TemporaryFile) throws(GroupingError) {
        if let current { position += current.byteCount }
        if filled - position < Basket.headerBytes { try fill(file) }
        guard filled - position >= Basket.headerBytes, let base = memory.baseAddress else {
            current = nil
            return
        }
        if filled - position < Basket(base: base + position).byteCount { try fill(file) }
        let basket = Basket(base: base + position)
        guard basket.byteCount >= Basket.headerBytes, basket.byteCount <= filled - position else {
            throw .temporaryFile(.unusable(directory: file.directory, reason: "it was changed"))
        }
        current = basket
    }

    private func fill(_ file: borrowing TemporaryFile) throws(GroupingError) {
        guard let base = memory.baseAddress, offset < end else { return }
        let kept = filled - position
        base.copyMemory(from: base + position, byteCount: kept)
        let count = min(memory.count - kept, Int(end - offset))
        do throws(TemporaryFileError) {
            try file.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[kept..<(kept + count)]), at: offset)
        } catch {
            throw .temporaryFile(error)
        }
        offset += Int64(count)
        position = 0
        filled = kept + count
    }
}
