import ChurnBase
import Foundation
import TestSupport
import Testing

@Suite struct JSONReaderTests {
    private static func read(_ text: String, depthLimit: Int = 32) throws -> JSONValue {
        try Array(text.utf8).withUnsafeBytes { try JSONValue($0, depthLimit: depthLimit) }
    }

    private static func fault(_ bytes: [UInt8], depthLimit: Int = 32) -> JSONFault? {
        bytes.withUnsafeBytes { bytes in
            do throws(JSONFault) {
                _ = try JSONValue(bytes, depthLimit: depthLimit)
                return nil
            } catch {
                return error
            }
        }
    }

    @Test("values are read as they are written")
    func values() throws {
        #expect(try Self.read(" null ") == .null)
        #expect(try Self.read("[true,false , []]") == .array([.bool(true), .bool(false), .array([])]))
        #expect(
            try Self.read(#"{"a":-0.50e+3,"b":123456789012345678901234567890}"#)
                == .object([
                    .init(name: "a", value: .number("-0.50e+3")),
                    .init(name: "b", value: .number("123456789012345678901234567890")),
                ])
        )
        #expect(try Self.read(#""\u00e4\ud83d\ude00\"\\\/\b\f\n\r\tä😀""#) == .string("ä😀\"\\/\u{8}\u{c}\n\r\tä😀"))
    }

    @Test(
        "what is no JSON is told by kind and place, as Python's json tells it",
        arguments: [
            ("", JSONFault(.value, at: 0)), ("  ", JSONFault(.value, at: 2)), ("{", JSONFault(.name, at: 1)),
            ("{'a'", JSONFault(.name, at: 1)), ("{\"a\"", JSONFault(.colon, at: 4)),
            ("{\"a\":", JSONFault(.value, at: 5)), ("{\"a\":1", JSONFault(.comma, at: 6)),
            ("{\"a\":1 \"b\"", JSONFault(.comma, at: 7)), ("{\"a\":1,", JSONFault(.name, at: 7)),
            ("[1,]", JSONFault(.value, at: 3)), ("[1 2]", JSONFault(.comma, at: 3)), ("[", JSONFault(.value, at: 1)),
            ("1 2", JSONFault(.end, at: 2)), ("01", JSONFault(.end, at: 1)), ("1.", JSONFault(.end, at: 1)),
            ("1.e5", JSONFault(.end, at: 1)), ("-", JSONFault(.value, at: 0)), ("+1", JSONFault(.value, at: 0)),
            ("nul", JSONFault(.value, at: 0)), ("NaN", JSONFault(.value, at: 0)),
            ("\"a", JSONFault(.unterminatedString, at: 0)),
            ("\"a\\\"", JSONFault(.unterminatedString, at: 0)), ("\"a\nb\"", JSONFault(.controlCharacter, at: 2)),
            ("\"a\\x\"", JSONFault(.escape, at: 2)), ("\"\\ud83d\"", JSONFault(.unicodeEscape, at: 2)),
            ("\"\\ude00\"", JSONFault(.unicodeEscape, at: 2)), ("\"\\u12g4\"", JSONFault(.unicodeEscape, at: 2)),
            ("{\"a\":1,\"\\u0061\":2}", JSONFault(.duplicateName, at: 16)),
            ("\u{FEFF}1", JSONFault(.value, at: 0)),
        ]
    )
    func faults(text: String, expected: JSONFault) {
        #expect(Self.fault(Array(text.utf8)) == expected)
    }

    @Test("arrays and objects go as deep as the limit")
    func depth() {
        func nested(_ levels: Int) -> [UInt8] {
            Array((String(repeating: "[", count: levels) + String(repeating: "]", count: levels)).utf8)
        }
        #expect(Self.fault(nested(32)) == nil)
        #expect(Self.fault(nested(33)) == JSONFault(.depth, at: 32))
        #expect(Self.fault([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)) == JSONFault(.depth, at: 32))
    }

    @Test(
        "bytes that are no UTF-8 are refused where they begin",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xFF],
        ] as [[UInt8]]
    )
    func encoding(bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(Self.fault([quote, 0x61] + bytes + [quote]) == JSONFault(.encoding, at: 2))
    }

    @Test("whole numbers are exact up to the ends of their range, and doubles are the nearest")
    func numbers() throws {
        func number<Value>(_ text: String, _ body: (JSONNumber) -> Value) throws -> Value {
            try Array(text.utf8).withUnsafeBytes {
                var reader = JSONReader($0, depthLimit: 1)
                return body(try reader.readNumber())
            }
        }
        for (text, expected) in [
            ("9223372036854775807", Int64.max), ("-9223372036854775808", .min), ("9223372036854775808", nil),
            ("-9223372036854775809", nil), ("-0", 0), ("1.0", nil), ("1e3", nil),
            ("9007199254740993", 9_007_199_254_740_993),
        ] as [(String, Int64?)] {
            #expect(try number(text) { $0.integer } == expected, "\(text)")
        }
        #expect(try number("-0") { $0.double }?.bitPattern == (-0.0).bitPattern)
        #expect(try number("1e400") { $0.double } == nil)
        var random = SplitMix64(seed: 14)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            #expect(try number("\(value)") { $0.double }?.bitPattern == value.bitPattern)
        }
    }

    // MARK: Against Foundation

    /// A text that is mostly JSON.
    private static func text(_ random: inout SplitMix64, depth: Int = 0) -> String {
        let space = ["", "", "", " ", "\n", "\t "].randomElement(using: &random) ?? ""
        func value() -> String {
            switch Int.random(in: 0..<(depth > 4 ? 5 : 8), using: &random) {
            case 0: return ["true", "false", "null", "nul"].randomElement(using: &random) ?? ""
            case 1: return "\(Int64.random(in: -1_000_000...1_000_000, using: &random))"
            case 2: return "\(Double.random(in: -1e6...1e6, using: &random))"
            case 3:
                return ["-0", "1e5", "1.5E-3", "0.0", "-", "01", "1.", "2e", ".5"].randomElement(using: &random) ?? ""
            case 4: return "\"\(string(&random))\""
            case 5, 6:
                let count = Int.random(in: 0..<4, using: &random)
                return "[" + (0..<count).map { _ in text(&random, depth: depth + 1) }.joined(separator: ",") + "]"
            default:
                let count = Int.random(in: 0..<4, using: &random)
                // Distinct names: Foundation takes the last of two equal ones.
                let fields = (0..<count).map { "\"\($0)\(string(&random))\":" + text(&random, depth: depth + 1) }
                return "{" + fields.joined(separator: ",") + "}"
            }
        }
        return space + value() + space
    }

    private static func string(_ random: inout SplitMix64) -> String {
        let pieces = ["a", "ä", "😀", "\\n", "\\u00e4", "\\ud83d\\ude00", "\\\"", "\\/", " ", "\\x", "\n"]
        return (0..<Int.random(in: 0..<4, using: &random)).map { _ in
            // The last two are no JSON: seldom.
            pieces[
                min(Int.random(in: 0..<200, using: &random), 210)
                    % (Int.random(in: 0..<20, using: &random) == 0 ? 11 : 9)
            ]
        }.joined()
    }

    private static func isEqual(_ value: JSONValue, _ other: Any) -> Bool {
        switch (value, other) {
        case (.null, is NSNull): return true
        case (.string(let text), let other as String): return text == other
        case (.bool(let flag), let other as NSNumber): return flag == other.boolValue
        case (.number(let text), let other as NSNumber):
            // Foundation's doubles are up to some units in the last place from the nearest; ours are checked above.
            guard let value = Double(text) else { return false }
            return abs(value - other.doubleValue) <= 1e-14 * abs(value)
        case (.array(let values), let others as [Any]):
            return values.count == others.count && zip(values, others).allSatisfy(isEqual)
        case (.object(let fields), let others as [String: Any]):
            return fields.count == others.count
                && fields.allSatisfy { field in others[field.name].map { isEqual(field.value, $0) } ?? false }
        default: return false
        }
    }

    @Test("takes what Foundation takes, and reads the same in it", arguments: [UInt64(1), 2, 3, 4])
    func foundation(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var taken = 0
        for round in 0..<2_000 {
            let text = Self.text(&random)
            let theirs = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed])
            let ours = try? Self.read(text)
            guard let theirs, let ours else {
                #expect((theirs == nil) == (ours == nil), "seed \(seed), round \(round): \(text)")
                continue
            }
            taken += 1
            #expect(Self.isEqual(ours, theirs), "seed \(seed), round \(round): \(text)")
        }
        // Most texts are JSON, and some are not.
        #expect((200..<2_000).contains(taken))
    }
}
