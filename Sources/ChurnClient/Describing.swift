internal import ChurnBase
internal import NIOCore
internal import NIOPosix

/// A transport error in the words of a person: no types, no system call, no error number.
///
/// - Parameter timeout: how long an attempt to connect was given.
func describe(_ error: any Error, timeout: Duration) -> String {
    switch error {
    case let error as IOError:
        return systemText(error.errnoCode).lowercasedFirst
    case ChannelError.connectTimeout:
        return "no answer within \(timeout.shortText)"
    case let error as NIOConnectionError:
        if let first = error.connectionErrors.first { return describe(first.error, timeout: timeout) }
        return "the name '\(error.host)' has no address"
    case is SocketAddressError:
        return "the name has no address"
    default:
        return "\(error)"
    }
}

extension String {
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}

extension Duration {
    /// In seconds or milliseconds, as a person writes it: "10 s", "1.5 s", "250 ms".
    var shortText: String {
        let milliseconds = self / .milliseconds(1)
        if milliseconds < 1_000 { return "\(Self.short(milliseconds)) ms" }
        return "\(Self.short(milliseconds / 1_000)) s"
    }

    private static func short(_ value: Double) -> String {
        let rounded = (value * 1_000).rounded() / 1_000
        return Int64(exactly: rounded).map(String.init) ?? "\(rounded)"
    }
}
