/// A 64-bit hash of integers and texts, 16 bytes at a time: the same on every machine and in every run.
///
/// Made for millions of short records. It detects accidents, not attacks: for those see `KeyedHash`. Each step multiplies two words to 128 bits and folds the halves together, which is the step of wyhash
/// (Wang Yi, public domain). It is stored by stores: never change it.
package struct WordHash: Equatable, Sendable {
    @usableFromInline
    var state: UInt64

    @inlinable
    package init(seed: UInt64 = 0) {
        state = seed ^ 0x9e37_79b9_7f4a_7c15
    }

    @inlinable
    @inline(__always)
    package mutating func combine(_ first: UInt64, _ second: UInt64) {
        let product = (first ^ 0xa076_1d64_78bd_642f).multipliedFullWidth(by: second ^ 0xe703_7ed1_a0b4_28db ^ state)
        state = product.high ^ product.low ^ (state &* 0x9e37_79b9_7f4a_7c15)
    }

    @inlinable
    @inline(__always)
    package mutating func combine(_ first: Int64, _ second: Int64) {
        combine(UInt64(bitPattern: first), UInt64(bitPattern: second))
    }

    /// The bytes and their number, so that no two sequences of texts give the same.
    @inlinable
    package mutating func combine(text: UnsafeBufferPointer<UInt8>) {
        let count = text.count
        let bytes = UnsafeRawBufferPointer(text)
        if count > 16 {
            var offset = 0
            while count - offset > 16 {
                combine(Self.word(bytes, offset), Self.word(bytes, offset + 8))
                offset += 16
            }
            // The last 16 bytes, of which the step before may have had some.
            combine(Self.word(bytes, count - 16), Self.word(bytes, count - 8) ^ UInt64(count))
        } else if count >= 8 {
            combine(Self.word(bytes, 0), Self.word(bytes, count - 8) ^ UInt64(count))
        } else {
            var short: UInt64 = 0
            for byte in bytes { short = short << 8 | UInt64(byte) }
            combine(short, UInt64(count))
        }
    }

    @inlinable
    package var value: UInt64 {
        var last = self
        last.combine(UInt64(0), UInt64(0))
        return last.state
    }

    @inlinable
    @inline(__always)
    static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
