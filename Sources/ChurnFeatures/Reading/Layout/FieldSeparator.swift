/// The byte between the fields of a record.
package enum FieldSeparator: UInt8, CaseIterable, Sendable {
    case comma = 0x2C
    case semicolon = 0x3B
    case tab = 0x09
    case pipe = 0x7C

    /// The name, or the sign itself.
    package init?(text: String) {
        let lowercased = text.lowercased()
        let found = Self.allCases.first { separator in
            lowercased == separator.text || text == String(UnicodeScalar(separator.rawValue))
        }
        if let found { self = found } else if lowercased == "\\t" { self = .tab } else { return nil }
    }

    package var text: String {
        switch self {
        case .comma: "comma"
        case .semicolon: "semicolon"
        case .tab: "tab"
        case .pipe: "pipe"
        }
    }
}
