internal import ChurnProtocol

/// The beginning of a frame whose rest has not arrived; at most as long as is needed to go on with it.
struct PartialFrame: ~Copyable {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private(set) var count = 0

    deinit {
        memory.deallocate()
    }

    var isEmpty: Bool { count == 0 }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Takes from the front of `rest` until there are `total` bytes, or none left.
    mutating func take(from rest: inout UnsafeRawBufferPointer, upTo total: Int) {
        let taken = min(max(0, total - count), rest.count)
        if memory.count < count + taken { grow(to: total) }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<taken]))
        count += taken
        rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
    }

    mutating func clear() {
        count = 0
        guard memory.count > ServerLimits.keptPartialBytes else { return }
        memory.deallocate()
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    private mutating func grow(to bytes: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(64, bytes), alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
        memory.deallocate()
        memory = larger
    }
}

/// The payload of one large frame, filled as it arrives and then handed to a worker whole.
///
/// `@unchecked Sendable`: one thread at a time has it: the session's loop until it is complete, then a worker.
final class LargePayload: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    private var count = 0
    /// Held as long as the memory is.
    private let reserved: MemoryBudget.Reservation

    init(bytes: Int, reserved: MemoryBudget.Reservation) {
        memory = .allocate(byteCount: bytes, alignment: 16)
        self.reserved = reserved
    }

    deinit {
        memory.deallocate()
    }

    var isComplete: Bool { count == memory.count }
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }
    var room: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: memory[count...]) }

    /// - Precondition: at most `room.count` bytes.
    func filled(_ bytes: Int) {
        precondition(bytes >= 0 && bytes <= memory.count - count)
        count += bytes
    }

    func take(from rest: inout UnsafeRawBufferPointer) {
        let taken = min(memory.count - count, rest.count)
        room.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<taken]))
        count += taken
        rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
    }
}
