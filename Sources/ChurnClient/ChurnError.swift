/// Why a call failed.
public struct ChurnError: Error, Equatable, Sendable {
    /// What a program branches on. The codes are gRPC's, with gRPC's meanings.
    public var code: StatusCode
    /// One line for a person. It names the call and the server, and says what to do next where that is known.
    public var message: String
    /// The server surely did not begin the call, so making it again, here or elsewhere, cannot do it twice.
    public var notProcessed: Bool

    /// - Parameter message: control characters, which would break the line or the terminal it is shown on, become
    ///   spaces.
    public init(code: StatusCode, message: String, notProcessed: Bool = false) {
        self.code = code
        self.message = Self.oneLine(message)
        self.notProcessed = notProcessed
    }

    private static func oneLine(_ text: String) -> String {
        func breaksLine(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}"
        }
        guard text.unicodeScalars.contains(where: breaksLine) else { return text }
        var line = String.UnicodeScalarView()
        line.append(contentsOf: text.unicodeScalars.lazy.map { breaksLine($0) ? " " : $0 })
        return String(line)
    }
}

extension ChurnError: CustomStringConvertible {
    /// The code's name and the message.
    public var description: String { "\(code): \(message)" }
}
