/// FNV-1a with 64 bits: one fixed hash for comparing stores, builds and schemas across runs and machines.
///
/// It detects accidents, not attacks. Integers go in as little-endian two's complement, texts with their length before
/// them, so that no two different sequences of values give the same bytes.
///
/// `@usableFromInline` lets other modules inline it: they hash millions of integers.
///
/// Source: Fowler, Noll, Vo; draft-eastlake-fnv, 64-bit prime and offset basis.
@usableFromInline
package struct StableHash: Equatable, Sendable {
    @usableFromInline package var value: UInt64 = 0xcbf2_9ce4_8422_2325

    @inlinable
    package init() {}

    @inlinable
    package mutating func combine(byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    /// The bytes alone, without their number.
    @inlinable
    package mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { combine(byte: byte) }
    }

    @inlinable
    package mutating func combine<Value: FixedWidthInteger>(_ integer: Value) {
        var rest = integer
        var left = Value.bitWidth / 8
        while rest != 0, left > 0 {
            combine(byte: UInt8(truncatingIfNeeded: rest))
            rest >>= 8
            left -= 1
        }
        // Most integers are small: what is left are zero bytes, each but a product with the prime.
        switch left {
        case 0: break
        case 1: value &*= 0x0000_0100_0000_01b3
        case 2: value &*= 0x0003_6600_0002_e329
        case 3: value &*= 0x08a9_7b00_04e7_feab
        case 4: value &*= 0x9ffa_ac08_5635_bc91
        case 5: value &*= 0x0cae_e32a_7d4f_6a63
        case 6: value &*= 0xdc96_6432_edf1_c639
        case 7: value &*= 0xc552_7b8a_51d3_d2db
        case 8: value &*= 0x1efa_c709_0aef_4a21
        default: for _ in 0..<left { combine(byte: 0) }
        }
    }

    /// The length in bytes as an `Int64`, then the bytes.
    @inlinable
    package mutating func combine(text: UnsafeBufferPointer<UInt8>) {
        combine(Int64(text.count))
        combine(UnsafeRawBufferPointer(text))
    }

    @inlinable
    package mutating func combine(text: String) {
        var copy = text
        copy.withUTF8 { combine(text: $0) }
    }
}
