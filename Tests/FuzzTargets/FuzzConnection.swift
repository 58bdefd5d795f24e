internal import ChurnServer
internal import NIOCore
internal import TestSupport

/// A connection without a socket, whose peer takes what it is sent at once or by and by. It does what `EpollConnection` does,
/// with the peer in the place of the system.
final class FuzzConnection: ConnectionTransport {
    /// What the peer has taken, up to `keptBytes`.
    private(set) var output: [UInt8] = []
    private(set) var outputBytes = 0
    /// All that was sent has been taken, and the session has ended the connection by itself.
    private(set) var hasEndedInOrder = false
    private(set) var isOpen = true
    private(set) var session: (any ConnectionSession)?
    private var sessions: [() -> Bool] = []
    private var unsent = ByteBuffer()
    private let isSlow: Bool
    private var random: SplitMix64
    private var wasBackedUp = false
    private var inputHasEnded = false
    private var end = End.none

    private enum End {
        case none, output, connection
    }

    static let keptBytes = 1024 * 1024

    init(isSlow: Bool, random: SplitMix64) {
        self.isSlow = isSlow
        self.random = random
    }

    /// A peer that has not taken what it was sent is not read from.
    var takesInput: Bool { isOpen && unsent.readableBytes == 0 && !inputHasEnded }

    var hasTakenAll: Bool { unsent.readableBytes == 0 }

    /// Whether any session of this connection is still in memory.
    var hasSession: Bool { sessions.contains { $0() } }

    // MARK: The peer

    /// Hands a piece over in memory of its own length, which is given back right behind.
    func receive(_ piece: UnsafeRawBufferPointer) {
        guard let session else { return }
        var rest = piece
        while let room = self.session?.payloadRoom, !room.isEmpty, !rest.isEmpty {
            let count = min(room.count, rest.count)
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            session.receivedPayload(count)
        }
        guard !rest.isEmpty, let session = self.session else { return }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: rest.count, alignment: 1)
        copy.copyMemory(from: rest)
        session.receive(UnsafeRawBufferPointer(copy))
        copy.deallocate()
    }

    func endInput() {
        guard !inputHasEnded else { return }
        inputHasEnded = true
        session?.inputClosed()
    }

    /// The peer takes some of what it was sent; all, unless it is slow.
    func takeOutput() {
        guard isOpen else { return }
        while unsent.readableBytes > 0 {
            let most = unsent.readableBytes
            let count = isSlow ? Int.random(in: 1...min(most, 16_384), using: &random) : most
            guard let taken = unsent.readBytes(length: count) else { return }
            outputBytes += taken.count
            if output.count + taken.count <= Self.keptBytes { output += taken }
            guard unsent.readableBytes == 0 else { return }
            unsent.clear()
            if wasBackedUp {
                wasBackedUp = false
                session?.outputTaken()
                guard isOpen else { return }
                if isSlow, unsent.readableBytes > 0 { return }
            }
        }
        switch end {
        case .none: break
        case .output: hasEndedInOrder = true
        case .connection:
            hasEndedInOrder = true
            close()
        }
    }

    // MARK: ConnectionTransport

    func send(_ frames: inout ByteBuffer) {
        guard isOpen else { return }
        unsent.writeImmutableBuffer(frames)
        if isBackedUp { wasBackedUp = true }
    }

    var isBackedUp: Bool { unsent.readableBytes >= (isSlow ? 64 : 256 * 1024) }

    func closeOutput() {
        guard isOpen else { return }
        end = .output
        if unsent.readableBytes == 0 { hasEndedInOrder = true }
    }

    func finish() {
        guard isOpen else { return }
        end = .connection
        if unsent.readableBytes == 0 {
            hasEndedInOrder = true
            close()
        }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        session?.closed()
        session = nil
    }

    func `continue`(with session: any ConnectionSession) {
        sessions.append { [weak session] in session != nil }
        if isOpen { self.session = session } else { session.closed() }
    }
}
