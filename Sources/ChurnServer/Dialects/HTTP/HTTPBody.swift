internal import ChurnBase
internal import ChurnCalls

/// The body of a request, whole.
enum HTTPBody {
    /// Valid until its reader is used again, and no longer than the input.
    case view(UnsafeRawBufferPointer)
    /// For a worker.
    case memory(HTTPBodyMemory)

    var bytes: UnsafeRawBufferPointer {
        switch self {
        case .view(let bytes): bytes
        case .memory(let memory): memory.bytes
        }
    }

    /// For a worker: a view is copied, to memory of the budget.
    func memory(_ budget: MemoryBudget) throws(HTTPFault) -> HTTPBodyMemory {
        switch self {
        case .memory(let memory): return memory
        case .view(let bytes):
            let memory = HTTPBodyMemory()
            do throws(CallFailure) { try memory.reserve(bytes.count, budget) } catch { throw HTTPFault(error) }
            memory.append(bytes)
            return memory
        }
    }
}

/// Gathers the body of one request, piece by piece. It does no I/O.
///
/// A body that comes in one piece is not copied. Of any other, what exceeds a few kilobytes is reserved from the common
/// budget before it is let in: all of a body whose length is known, and else twice what there is so far.
struct HTTPBodyReader: ~Copyable {
    private var length: Int?
    private var limit = 0
    private(set) var count = 0
    private var partial = PartialFrame()
    /// In place of `partial`, for what is too long to be kept without a reservation.
    private var large: HTTPBodyMemory?

    /// - Parameter length: `nil` when it is not known.
    mutating func begin(length: Int?, limit: Int) {
        (self.length, self.limit, count) = (length, limit, 0)
    }

    /// Takes a piece of the body.
    ///
    /// - Returns: the body, when it is whole.
    mutating func take(
        _ piece: UnsafeRawBufferPointer,
        isLast: Bool,
        budget: MemoryBudget
    ) throws(CallFailure) -> HTTPBody? {
        count += piece.count
        guard count <= limit else {
            throw CallFailure(code: .invalidArgument, message: "the body is above the limit of \(limit) bytes")
        }
        if count == piece.count, isLast { return .view(piece) }
        let wanted = length ?? count
        if large == nil, wanted > ServerLimits.keptPartialBytes {
            let memory = HTTPBodyMemory()
            try memory.reserve(wanted, budget)
            memory.append(partial.bytes)
            partial.clear()
            large = memory
        }
        if let large {
            try large.reserve(wanted, budget)
            large.append(piece)
        } else {
            var rest = piece
            partial.take(from: &rest, upTo: max(wanted, min(2 * count, ServerLimits.keptPartialBytes)))
        }
        guard isLast else { return nil }
        defer { large = nil }
        return large.map { .memory($0) } ?? .view(partial.takeAll())
    }

    mutating func clear() {
        partial.clear()
        large = nil
    }
}

/// Memory for one body, which grows by doubling. What it may hold is reserved from the common budget.
///
/// `@unchecked Sendable`: one thread at a time has it: the session's loop until it is complete, then a worker.
final class HTTPBodyMemory: @unchecked Sendable {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var count = 0
    private var reserved: MemoryBudget.Reservation?

    deinit {
        memory.deallocate()
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Makes room for `wanted` bytes altogether.
    func reserve(_ wanted: Int, _ budget: MemoryBudget) throws(CallFailure) {
        guard wanted > memory.count else { return }
        let capacity = max(wanted, min(2 * memory.count, HTTPLimits.bodyBytes))
        // The old memory and the new one are there together for a moment.
        guard let reserved = budget.reserve(capacity) else { throw .outOfMemoryBudget }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: bytes)
        memory.deallocate()
        memory = larger
        self.reserved = reserved
    }

    /// - Precondition: there is room for it.
    func append(_ piece: UnsafeRawBufferPointer) {
        precondition(piece.count <= memory.count - count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: piece)
        count += piece.count
    }
}
