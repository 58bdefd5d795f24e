internal import ChurnBase

/// With a comma between groups of three digits, for people.
func groupedText(_ value: Int64) -> String {
    (value < 0 ? "-" : "") + grouped(String(value.magnitude))
}

/// A number of things, for people: `1 line`, `2 lines`.
func countedText(_ count: Int64, _ noun: String) -> String {
    "\(groupedText(count)) \(noun)\(count == 1 ? "" : "s")"
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
