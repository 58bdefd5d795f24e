internal import ChurnBase

/// Names an ordered list of inputs: equal hashes, equal features, transforms and order.
///
/// FNV-1a, 64 bits, over each input's feature name (UTF-8), a zero byte, the transform's name, for `log` the eight
/// bytes of its offset as an IEEE 754 double, most significant first, and a line feed. A guard against mix-ups, not
/// against malice: that is what the checksum's origin is for.
package func schemaHash(of inputs: [InputDefinition]) -> UInt64 {
    var hash = StableHash()
    func add(_ text: String) {
        for byte in text.utf8 { hash.combine(byte: byte) }
    }
    for input in inputs {
        add(input.feature)
        hash.combine(byte: 0)
        add(input.transform.name)
        if case .log(let offset) = input.transform {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                hash.combine(byte: UInt8(truncatingIfNeeded: offset.bitPattern >> shift))
            }
        }
        hash.combine(byte: UInt8(ascii: "\n"))
    }
    return hash.value
}
