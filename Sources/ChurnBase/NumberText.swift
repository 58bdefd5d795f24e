/// The shortest text that reads back as the same double; whole numbers without a fraction.
package func shortText(_ value: Double) -> String {
    // Beyond 2^53 the digits would claim a precision that is not there; Swift writes an exponent then.
    if value.magnitude < 0x1p53, let whole = Int64(exactly: value), value.sign == .plus || whole != 0 {
        return String(whole)
    }
    return "\(value)"
}

/// Thousandths as a decimal number with exactly three decimals.
package func decimalText(milli: Int64) -> String {
    let magnitude = milli.magnitude
    return (milli < 0 ? "-" : "") + String(magnitude / 1_000) + "." + padded(magnitude % 1_000, to: 3)
}

/// At least `width` digits, with zeros in front.
package func padded(_ value: UInt64, to width: Int, radix: Int = 10) -> String {
    let digits = String(value, radix: radix)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

/// `value` as 16 lower-case hexadecimal digits, as stores, artefacts and reports have hashes.
package func hexadecimal(_ value: UInt64) -> String {
    padded(value, to: 16, radix: 16)
}

/// Two lower-case hexadecimal digits for each byte.
package func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
