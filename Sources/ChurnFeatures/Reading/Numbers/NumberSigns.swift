/// What stands before the decimals of a number.
package enum DecimalSign: UInt8, CaseIterable, Sendable {
    case point = 0x2E
    case comma = 0x2C

    /// The name, or the sign itself.
    package init?(text: String) {
        switch text.lowercased() {
        case "point", "dot", ".": self = .point
        case "comma", ",": self = .comma
        default: return nil
        }
    }

    package var text: String { self == .point ? "point" : "comma" }

    var other: DecimalSign { self == .point ? .comma : .point }
}

/// What stands between groups of three digits.
package enum ThousandsSign: String, CaseIterable, Sendable {
    case comma, point, blank, apostrophe
    /// A number with such a sign is no number.
    case none

    /// The name, or the sign itself.
    package init?(text: String) {
        switch text.lowercased() {
        case "comma", ",": self = .comma
        case "point", "dot", ".": self = .point
        case "blank", "space", " ": self = .blank
        case "apostrophe", "'", "\u{2019}": self = .apostrophe
        case "none": self = .none
        default: return nil
        }
    }

    package var text: String { rawValue }
}
