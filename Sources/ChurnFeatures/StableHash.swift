/// FNV-1a with 64 bits: one fixed hash for comparing stores, builds and schemas across runs and machines.
///
/// It detects accidents, not attacks. Integers go in as little-endian two's complement, texts with their length before
/// them, so that no two different sequences of values give the same bytes.
/// Source: Fowler, Noll, Vo; draft-eastlake-fnv, 64-bit prime and offset basis.
package struct StableHash: Equatable, Sendable {
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    package mutating func combine(byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    package mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { combine(byte: byte) }
    }

    package mutating func combine<Value: FixedWidthInteger>(_ integer: Value) {
        var rest = integer
        for _ in 0..<(Value.bitWidth / 8) {
            combine(byte: UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    /// The length in bytes as an `Int64`, then the bytes.
    package mutating func combine(text: UnsafeBufferPointer<UInt8>) {
        combine(Int64(text.count))
        combine(UnsafeRawBufferPointer(text))
    }

    package mutating func combine(text: String) {
        var copy = text
        copy.withUTF8 { combine(text: $0) }
    }

    /// `value` as 16 lower-case hexadecimal digits, as stores and reports write it.
    package static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
