/// Reads one JSON text from the front to the end, strictly as RFC 8259 has it, and never deeper than a limit.
///
/// It hands out what stands next and keeps nothing: a caller that knows what it wants reads a million numbers without a
/// value for each. `JSONValue` is for callers that do not. Numbers stay texts until they are asked for, so that none is
/// rounded without a word.
///
/// Faults are told as Python's `json` tells them, by kind and place, because clients know these.
package struct JSONReader {
    package enum Kind: Equatable, Sendable {
        case object, array, string, number, bool, null
    }

    private let bytes: UnsafeRawBufferPointer
    /// Of the next byte.
    package private(set) var offset = 0
    private let depthLimit: Int
    private var depth = 0

    /// - Parameters:
    ///   - bytes: UTF-8; they must outlive the reader and what it hands out.
    ///   - depthLimit: most levels of arrays and objects.
    package init(_ bytes: UnsafeRawBufferPointer, depthLimit: Int) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    // MARK: Values

    /// What the next value is. Nothing but white space is passed over.
    package mutating func peek() throws(JSONFault) -> Kind {
        skipSpace()
        guard offset < bytes.count else { throw fault(.value) }
        switch bytes[offset] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        default: throw fault(.value)
        }
    }

    package mutating func readNull() throws(JSONFault) {
        skipSpace()
        guard skip("null") else { throw fault(.value) }
    }

    package mutating func readBool() throws(JSONFault) -> Bool {
        skipSpace()
        if skip("true") { return true }
        if skip("false") { return false }
        throw fault(.value)
    }

    package mutating func readNumber() throws(JSONFault) -> JSONNumber {
        skipSpace()
        let start = offset
        var end = offset
        if byte(end) == UInt8(ascii: "-") { end += 1 }
        if byte(end) == UInt8(ascii: "0") {
            end += 1
        } else {
            let digits = skipDigits(&end)
            guard digits > 0 else { throw fault(.value) }
        }
        var isWhole = true
        if byte(end) == UInt8(ascii: ".") {
            var fraction = end + 1
            // A point without digits behind it is not the number's.
            if skipDigits(&fraction) > 0 { (end, isWhole) = (fraction, false) }
        }
        if byte(end) | 0x20 == UInt8(ascii: "e") {
            var exponent = end + 1
            if byte(exponent) == UInt8(ascii: "+") || byte(exponent) == UInt8(ascii: "-") { exponent += 1 }
            if skipDigits(&exponent) > 0 { (end, isWhole) = (exponent, false) }
        }
        offset = end
        return JSONNumber(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), isWhole: isWhole)
    }

    package mutating func readString() throws(JSONFault) -> JSONText {
        skipSpace()
        guard byte(offset) == UInt8(ascii: "\"") else { throw fault(.value) }
        let start = offset + 1
        var end = start
        var hasEscapes = false
        var isASCII = true
        while true {
            guard end < bytes.count else { throw JSONFault(.unterminatedString, at: offset) }
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") { break }
            guard byte >= 0x20 else { throw JSONFault(.controlCharacter, at: end) }
            if byte >= 0x80 { isASCII = false }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                end += 1
                guard end < bytes.count else { throw JSONFault(.unterminatedString, at: offset) }
            }
            end += 1
        }
        let text = JSONText(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), hasEscapes: hasEscapes)
        if !isASCII, let bad = firstInvalidUTF8(text.bytes) { throw JSONFault(.encoding, at: start + bad) }
        if hasEscapes { try text.checkEscapes(at: start) }
        offset = end + 1
        return text
    }

    // MARK: Objects and arrays

    /// Begins an object; then `nextName` until it is `nil`, with a value read after each.
    package mutating func beginObject() throws(JSONFault) {
        try begin(UInt8(ascii: "{"))
    }

    /// - Parameter isFirst: `true` before the first name of the object.
    package mutating func nextName(_ isFirst: inout Bool) throws(JSONFault) -> JSONText? {
        skipSpace()
        if isFirst {
            isFirst = false
            if end(UInt8(ascii: "}")) { return nil }
        } else {
            if end(UInt8(ascii: "}")) { return nil }
            guard byte(offset) == UInt8(ascii: ",") else { throw fault(.comma) }
            offset += 1
            skipSpace()
        }
        guard byte(offset) == UInt8(ascii: "\"") else { throw fault(.name) }
        let name = try readString()
        skipSpace()
        guard byte(offset) == UInt8(ascii: ":") else { throw fault(.colon) }
        offset += 1
        return name
    }

    /// Begins an array; then a value is read whenever `nextElement` is `true`.
    package mutating func beginArray() throws(JSONFault) {
        try begin(UInt8(ascii: "["))
    }

    /// - Parameter isFirst: `true` before the first element of the array.
    package mutating func nextElement(_ isFirst: inout Bool) throws(JSONFault) -> Bool {
        skipSpace()
        if end(UInt8(ascii: "]")) { return false }
        if isFirst {
            isFirst = false
        } else {
            guard byte(offset) == UInt8(ascii: ",") else { throw fault(.comma) }
            offset += 1
        }
        return true
    }

    /// The text ends here.
    package mutating func finish() throws(JSONFault) {
        skipSpace()
        guard offset == bytes.count else { throw fault(.end) }
    }

    private mutating func begin(_ bracket: UInt8) throws(JSONFault) {
        skipSpace()
        guard byte(offset) == bracket else { throw fault(.value) }
        guard depth < depthLimit else { throw fault(.depth) }
        depth += 1
        offset += 1
    }

    private mutating func end(_ bracket: UInt8) -> Bool {
        guard byte(offset) == bracket else { return false }
        depth -= 1
        offset += 1
        return true
    }

    // MARK: Bytes

    /// The byte there; 0, which no token has, beyond the end.
    @inline(__always)
    private func byte(_ offset: Int) -> UInt8 {
        offset < bytes.count ? bytes[offset] : 0
    }

    private func skipDigits(_ end: inout Int) -> Int {
        let start = end
        while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte(end)) { end += 1 }
        return end - start
    }

    @inline(__always)
    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }

    private mutating func skip(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard bytes.count - offset >= count,
            memcmp(bytes.baseAddress.unsafelyUnwrapped + offset, word.utf8Start, count) == 0
        else { return false }
        offset += count
        return true
    }

    private func fault(_ kind: JSONFault.Kind) -> JSONFault { JSONFault(kind, at: offset) }
}

/// Why a text is no JSON, or not one that is taken.
package struct JSONFault: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        // What is expected.
        case value, name, colon, comma, end
        // What is wrong.
        case unterminatedString, controlCharacter, escape, unicodeEscape, encoding
        // What JSON allows, and the reader does not.
        case depth, duplicateName
    }

    package var kind: Kind
    /// Bytes before the place.
    package var offset: Int

    package init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    /// In the words of Python's `json`, where it has any.
    package var message: String {
        switch kind {
        case .value: "Expecting value"
        case .name: "Expecting property name enclosed in double quotes"
        case .colon: "Expecting ':' delimiter"
        case .comma: "Expecting ',' delimiter"
        case .end: "Extra data"
        case .unterminatedString: "Unterminated string starting at"
        case .controlCharacter: "Invalid control character at"
        case .escape: "Invalid \\escape"
        case .unicodeEscape: "Invalid \\uXXXX escape"
        case .encoding: "Invalid UTF-8"
        case .depth: "Too many levels of arrays and objects"
        case .duplicateName: "Duplicate property name"
        }
    }
}
