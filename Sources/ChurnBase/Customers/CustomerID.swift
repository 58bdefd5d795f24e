internal import CCrypto

/// The identity of a customer, in 16 bytes for every form of id that a shop uses.
///
/// A canonical decimal integer from 1 to 2^63 - 1 is its own number and has no check. Any other text has a negative
/// number and a check, made of the first 127 bits of its SHA-256 (FIPS 180-4): rows are found by the number, and the check
/// tells a text that happens to have the number of another one from it.
package struct CustomerID: Hashable, Sendable {
    /// More than 0: the id itself. Less than 0: `Int64.min` and 63 bits of the text's hash. Never 0.
    package var number: Int64
    /// The next 64 bits of the text's hash; 0 of a number.
    package var check: UInt64

    /// The longest text, in bytes.
    package static let textBytes = 200

    package init(number: Int64, check: UInt64 = 0) {
        self.number = number
        self.check = check
    }

    package var isText: Bool { number < 0 }

    /// - Parameters:
    ///   - text: what `CustomerText` calls a text.
    ///   - hash: what numbers are made with.
    /// - Returns: nil where it is longer than `textBytes`, or no UTF-8, or holds a control character.
    package init?(text: UnsafeBufferPointer<UInt8>, hash: CustomerHash = .standard) {
        guard !text.isEmpty, text.count <= Self.textBytes, !text.contains(where: { $0 < 0x20 || $0 == 0x7F }),
            String(validating: text, as: UTF8.self) != nil
        else { return nil }
        self = hash.id(of: text)
    }
}

/// Makes the number and the check of a text.
package struct CustomerHash: Equatable, Sendable {
    /// Bits of the hash that a number has, 1 to 63.
    private let bits: Int

    /// 63 bits: among a billion texts, two have the same number with a probability of 5 %, and the same check as well with
    /// one of 1 in 10^20.
    package static let standard = CustomerHash(bits: 63)

    /// Fewer than 63 bits serve tests, in which texts are to have the same number.
    package init(bits: Int) {
        precondition((1...63).contains(bits))
        self.bits = bits
    }

    func id(of text: UnsafeBufferPointer<UInt8>) -> CustomerID {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(SHA256_DIGEST_LENGTH)) { digest in
            _ = SHA256(text.baseAddress, text.count, digest.baseAddress)
            func word(_ index: Int) -> UInt64 {
                UnsafeRawBufferPointer(digest).loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self).bigEndian
            }
            let number = Int64(bitPattern: word(0) >> (64 - UInt64(bits)))
            return CustomerID(number: .min + number, check: word(0) << 63 | word(1) >> 1)
        }
    }
}
