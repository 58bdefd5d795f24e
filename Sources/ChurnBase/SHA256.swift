internal import CCrypto

/// SHA-256 of bytes, as 64 lower-case hexadecimal digits.
package func sha256(_ bytes: UnsafeRawBufferPointer) -> String {
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    // An empty buffer has no address, and SHA256 reads none; it returns its third argument, never NULL with one given.
    _ = SHA256(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, &digest)
    return hexadecimal(digest)
}
