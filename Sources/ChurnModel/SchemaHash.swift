/// Names an ordered list of inputs: equal hashes, equal features, transforms and order.
///
/// FNV-1a, 64 bits, over each input's feature name (UTF-8), a zero byte, the transform's name, for `log` the eight
/// bytes of its offset as an IEEE 754 double, most significant first, and a line feed. A guard against mix-ups, not
/// against malice: that is what the checksum's origin is for.
package func schemaHash(of inputs: [ModelInput]) -> UInt64 {
    var hash = FNV1a()
    for input in inputs {
        hash.add(input.feature.utf8)
        hash.add(CollectionOfOne(0))
        hash.add(input.transform.name.utf8)
        if case .log(let offset) = input.transform {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                hash.add(CollectionOfOne(UInt8(truncatingIfNeeded: offset.bitPattern >> shift)))
            }
        }
        hash.add(CollectionOfOne(UInt8(ascii: "\n")))
    }
    return hash.value
}

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo).
package struct FNV1a {
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
    }
}

/// `value` as 16 lower-case hexadecimal digits.
package func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
