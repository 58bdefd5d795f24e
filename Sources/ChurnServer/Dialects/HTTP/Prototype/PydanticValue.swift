internal import ChurnBase

/// Values of a body as pydantic 2 reads them by default: a number may come as a text, a bool is a number.
enum PydanticValue {
    /// Why a value is not taken: pydantic's name for it, and its words.
    struct Fault: Error, Equatable {
        var type: StaticString
        var message: StaticString

        static func == (fault: Fault, other: Fault) -> Bool { "\(fault.type)" == "\(other.type)" }

        static let missing = Fault(type: "missing", message: "Field required")
        static let noObject = Fault(
            type: "model_attributes_type",
            message: "Input should be a valid dictionary or object to extract fields from"
        )
        static let intType = Fault(type: "int_type", message: "Input should be a valid integer")
        static let intParsing = Fault(
            type: "int_parsing",
            message: "Input should be a valid integer, unable to parse string as an integer"
        )
        static let intFromFloat = Fault(
            type: "int_from_float",
            message: "Input should be a valid integer, got a number with a fractional part"
        )
        static let intSize = Fault(
            type: "int_parsing_size",
            message: "Unable to parse input string as an integer, exceeded maximum size"
        )
        static let floatType = Fault(type: "float_type", message: "Input should be a valid number")
        static let floatParsing = Fault(
            type: "float_parsing",
            message: "Input should be a valid number, unable to parse string as a number"
        )
        static let finiteNumber = Fault(type: "finite_number", message: "Input should be a finite number")
    }

    /// - Returns: the integer; `nil` when it is beyond 64 bits, where no customer is.
    static func integer(_ value: JSONValue) throws(Fault) -> Int64? {
        switch value {
        case .bool(let flag): return flag ? 1 : 0
        case .number(let text):
            if isWhole(text) { return Int64(text) }
            guard let double = Double(text), double.isFinite else { throw .finiteNumber }
            guard double.rounded(.towardZero) == double else { throw .intFromFloat }
            guard let integer = Int64(exactly: double) else { throw .intSize }
            return integer
        case .string(let text):
            guard let digits = wholeText(text) else { throw .intParsing }
            return Int64(digits)
        case .null, .array, .object: throw .intType
        }
    }

    static func double(_ value: JSONValue) throws(Fault) -> Double {
        let found: Double
        switch value {
        case .bool(let flag): found = flag ? 1 : 0
        case .number(let text): found = Double(text) ?? .infinity
        case .string(let text):
            guard let parsed = floatText(text).flatMap({ Double($0) }) else { throw .floatParsing }
            found = parsed
        case .null, .array, .object: throw .floatType
        }
        // pydantic would take it, and the model would not.
        guard found.isFinite else { throw .finiteNumber }
        return found
    }

    private static func isWhole(_ text: String) -> Bool {
        text.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// Sign and digits, without what Python allows beside them; `nil` when it is no integer.
    private static func wholeText(_ text: String) -> String? {
        var rest = trimmedText(text)
        var digits = ""
        if let sign = rest.first, sign == "+" || sign == "-" {
            if sign == "-" { digits = "-" }
            rest.removeFirst()
        }
        // "7.00" is 7.
        if let point = rest.firstIndex(of: "."), point > rest.startIndex {
            let fraction = rest[rest.index(after: point)...]
            guard !fraction.isEmpty, fraction.allSatisfy({ $0 == "0" }) else { return nil }
            rest = rest[..<point]
        }
        guard let whole = withoutUnderscores(rest), !whole.isEmpty, whole.utf8.allSatisfy(isDigit) else { return nil }
        return digits + whole
    }

    /// Of a decimal number, perhaps with an exponent; or one of Python's words for what is not finite.
    private static func floatText(_ text: String) -> String? {
        let rest = trimmedText(text)
        let word = rest.drop { $0 == "+" || $0 == "-" }.lowercased()
        if ["inf", "infinity", "nan"].contains(word) { return word == "nan" ? "nan" : "inf" }
        guard let number = withoutUnderscores(rest), let last = number.utf8.last else { return nil }
        // What else Swift would read: hexadecimal numbers.
        let isDecimal = number.utf8.allSatisfy { byte in
            isDigit(byte)
                || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")]
                    .contains(byte)
        }
        guard isDecimal, isDigit(last) || last == UInt8(ascii: ".") else { return nil }
        return number
    }

    /// Without the underscores between digits; `nil` when one stands elsewhere.
    private static func withoutUnderscores(_ text: Substring) -> String? {
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "_") {
            guard index > 0, index + 1 < bytes.count, isDigit(bytes[index - 1]), isDigit(bytes[index + 1]) else {
                return nil
            }
        }
        return String(decoding: bytes.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    }

    private static func trimmedText(_ text: String) -> Substring {
        var rest = text[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}
