/// The shortest text that reads back as the same double; whole numbers without a fraction.
func shortText(_ value: Double) -> String {
    // Beyond 2^53 the digits would claim a precision that is not there; Swift writes an exponent then.
    if value.magnitude < 0x1p53, let whole = Int64(exactly: value), value.sign == .plus || whole != 0 {
        return String(whole)
    }
    return "\(value)"
}

/// Thousandths as a decimal number with exactly three decimals.
func decimalText(milli: Int64) -> String {
    let magnitude = milli.magnitude
    return (milli < 0 ? "-" : "") + String(magnitude / 1_000) + "." + padded(magnitude % 1_000, to: 3)
}

/// With a comma between groups of three digits, for people.
func groupedText(_ value: Int64) -> String {
    (value < 0 ? "-" : "") + grouped(String(value.magnitude))
}

/// Thousandths for people: groups, and exactly three decimals.
func groupedText(milli: Int64) -> String {
    let magnitude = milli.magnitude
    return (milli < 0 ? "-" : "") + grouped(String(magnitude / 1_000)) + "." + padded(magnitude % 1_000, to: 3)
}

/// For people: whole numbers exactly, others rounded to `decimals` places, and to as many digits as it takes when they
/// are small.
func roundedText(_ value: Double, decimals: Int) -> String {
    if let whole = Int64(exactly: value) { return groupedText(whole) }
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled >= 1 else { return "\(value)" }
    let units = Int64(scaled)
    let sign = value < 0 ? "-" : ""
    guard decimals > 0 else { return sign + grouped(String(units)) }
    let one = Int64(scale)
    return sign + grouped(String(units / one)) + "." + padded(UInt64(units % one), to: decimals)
}

private func grouped(_ digits: String) -> String {
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.utf8.count - index).isMultiple(of: 3) { text += "," }
        text.append(digit)
    }
    return text
}

private func padded(_ value: UInt64, to width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

/// 16 hexadecimal digits.
func hexadecimalText(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}
