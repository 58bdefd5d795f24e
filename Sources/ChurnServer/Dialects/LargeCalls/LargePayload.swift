/// The bytes of one large request, filled as it arrives and then handed to a worker whole.
///
/// `@unchecked Sendable`: one thread at a time has it: the session's loop until it is complete, then a worker.
package final class LargePayload: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    private var count = 0
    /// Held as long as the memory is.
    private let reserved: MemoryBudget.Reservation

    package init(bytes: Int, reserved: MemoryBudget.Reservation) {
        memory = .allocate(byteCount: bytes, alignment: 16)
        self.reserved = reserved
    }

    deinit {
        memory.deallocate()
    }

    var isComplete: Bool { count == memory.count }
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }
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
