internal import ChurnBase

/// A customer as the shop calls it, for people.
///
/// - Parameter text: empty where the customer is a number.
func customerName(_ number: Int64, _ text: String) -> String { text.isEmpty ? String(number) : text.oneLine }

extension JSON {
    /// The largest number that readers of JSON, which make doubles of numbers, take as it is: 2^53 - 1 (RFC 8259, section 6).
    private static let largestExactInteger: Int64 = 1 << 53 - 1

    /// A customer's id: a string where it is a text, or a number too large to be exact.
    static func customer(_ number: Int64, text: String) -> JSON {
        guard text.isEmpty else { return .string(text) }
        return number.magnitude <= largestExactInteger ? .integer(number) : .string(String(number))
    }
}

/// A field of a CSV file (RFC 4180): in quotes where a reader would take it apart, or trim it.
func csvField(_ text: String) -> String {
    let needsQuotes =
        text.utf8.contains {
            [UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains($0)
        }
        || text.first?.isWhitespace == true || text.last?.isWhitespace == true
    return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
}
