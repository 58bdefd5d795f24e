/// Which names are allowed. A model's name is a folder's name too, so neither separators nor a leading dot.
enum ModelName {
    static func isModelName(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLowerOrDigit(first), name.utf8.count <= ModelLimits.nameBytes else {
            return false
        }
        return name.utf8.allSatisfy { isLowerOrDigit($0) || ".-_".utf8.contains($0) }
    }

    static func isFeatureName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= ModelLimits.nameBytes && name.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// What a caller asks for: `NAME` or `NAME@VERSION`.
package struct ModelSelector: Equatable, Sendable {
    package var name: String
    /// nil: the highest there is.
    package var version: Int?

    package init(name: String, version: Int? = nil) {
        self.name = name
        self.version = version
    }

    /// nil when `text` is not of the form; the empty text is not.
    package init?(parsing text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first.map(String.init), ModelName.isModelName(name) else { return nil }
        self.name = name
        guard parts.count == 2 else { return }
        guard let version = modelVersion(parsing: parts[1]) else { return nil }
        self.version = version
    }
}

/// A version as a folder's name spells it: decimal digits, no sign, no leading zero.
func modelVersion(parsing text: some StringProtocol) -> Int? {
    guard text.utf8.first != UInt8(ascii: "0"), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let version = Int(text), version <= ModelLimits.version
    else { return nil }
    return version
}
