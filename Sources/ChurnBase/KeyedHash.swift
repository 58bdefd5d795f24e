internal import CCrypto

/// HMAC-SHA256 (RFC 2104, FIPS 180-4): a hash that tells nothing of what it is made of to those who lack the key.
package struct KeyedHash: Equatable, Sendable {
    private let key: [UInt8]

    /// Bytes of a key, and of a hash.
    package static let byteCount = 32

    /// - Parameter key: `byteCount` bytes.
    package init?(key: [UInt8]) {
        guard key.count == Self.byteCount else { return nil }
        self.key = key
    }

    /// A key that nobody else has, from the system's generator.
    package static func randomKey() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<byteCount).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }
    }

    /// - Returns: `byteCount` bytes.
    package func hash(of bytes: [UInt8]) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: Self.byteCount)
        var count: UInt32 = 0
        // Returns its sixth argument; NULL only where SHA-256 itself is missing from the library.
        let result = HMAC(EVP_sha256(), key, Int32(key.count), bytes, bytes.count, &hash, &count)
        precondition(result != nil && count == UInt32(Self.byteCount), "libcrypto has no SHA-256")
        return hash
    }

    /// The hash of a customer's number and check, 16 bytes little-endian.
    package func hash(of customer: CustomerID) -> [UInt8] {
        var bytes: [UInt8] = []
        withUnsafeBytes(of: customer.number.littleEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: customer.check.littleEndian) { bytes.append(contentsOf: $0) }
        return hash(of: bytes)
    }
}
