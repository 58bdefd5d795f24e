/// A NUL-terminated copy of a text, which the caller is to deallocate. A text with a NUL in it ends there for C.
package func copyOfCString(_ text: String) -> UnsafeMutablePointer<CChar> {
    let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: cStringBytes(text))
    copyCString(text, to: bytes)
    return bytes
}

/// What a text takes as a NUL-terminated string, in bytes.
package func cStringBytes(_ text: String) -> Int {
    text.utf8.count + 1
}

/// Writes a text and the NUL behind it.
///
/// - Parameter target: room for `cStringBytes(text)` bytes.
package func copyCString(_ text: String, to target: UnsafeMutablePointer<CChar>) {
    var end = 0
    for byte in text.utf8 {
        target[end] = CChar(bitPattern: byte)
        end += 1
    }
    target[end] = 0
}
