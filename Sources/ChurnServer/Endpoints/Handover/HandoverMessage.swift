internal import CHandover
internal import ChurnBase

/// What two servers say to each other while one takes over from the other: docs/deploy.md has the whole conversation.
///
/// One packet of a Unix socket each, 16 bytes: eight that name the protocol, then version and kind, 32 bits each,
/// little-endian.
enum HandoverMessage: UInt32 {
    /// From the new server: may I have the listening sockets?
    case take = 1
    /// From the old one, with the sockets themselves, one or more.
    case sockets = 2
    /// From the new one: I am healthy and accept connections.
    case ready = 3
    /// From the old one: I accept no more.
    case yielded = 4
    /// From the old one: not to you. Another one is at it already, or you took too long.
    case refused = 5

    private static let magic = Array("churn-ho".utf8)
    private static let version: UInt32 = 1
    private static let byteCount = 16

    /// - Returns: whether the system took it.
    func send(to socket: CInt, descriptors: [CInt] = []) -> Bool {
        var bytes = Self.magic
        for field in [Self.version, rawValue] {
            withUnsafeBytes(of: field.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return chandover_send(socket, bytes, bytes.count, descriptors, CInt(descriptors.count)) == 0
    }

    enum Reception {
        /// - descriptors: came with it; the receiver's to close.
        case message(HandoverMessage, descriptors: [CInt])
        /// The peer has closed its end.
        case end
        /// Nothing came in the time that the socket allows for.
        case nothing
        /// It does not speak this protocol, or another version of it.
        case foreign
    }

    /// Receives one message; blocks as the socket does.
    static func receive(from socket: CInt) -> Reception {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var room = [CInt](repeating: -1, count: CHANDOVER_DESCRIPTORS)
        var passed: CInt = 0
        let count = chandover_receive(socket, &bytes, byteCount, &room, &passed)
        if count < 0 {
            return switch errno {
            case EAGAIN: .nothing
            case ECONNRESET: .end
            default: .foreign
            }
        }
        let descriptors = Array(room.prefix(Int(passed)))
        if count == byteCount, Array(bytes[..<8]) == magic, field(bytes[8..<12]) == version,
            let message = HandoverMessage(rawValue: field(bytes[12..<16]))
        {
            return .message(message, descriptors: descriptors)
        }
        for descriptor in descriptors { close(descriptor) }
        return count == 0 ? .end : .foreign
    }

    private static func field(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
