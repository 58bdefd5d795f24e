internal import ChurnBase

/// The methods of requests that are known; most of them are not allowed on any route.
package enum HTTPMethod: UInt8, Sendable, CaseIterable {
    case get, head, post, options, put, delete, patch, trace
    /// Any other, which no route answers.
    case other

    init(_ text: UnsafeRawBufferPointer) {
        switch text.count {
        case 3 where isText(text, "GET"): self = .get
        case 3 where isText(text, "PUT"): self = .put
        case 4 where isText(text, "POST"): self = .post
        case 4 where isText(text, "HEAD"): self = .head
        case 5 where isText(text, "PATCH"): self = .patch
        case 5 where isText(text, "TRACE"): self = .trace
        case 6 where isText(text, "DELETE"): self = .delete
        case 7 where isText(text, "OPTIONS"): self = .options
        default: self = .other
        }
    }

    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .options: "OPTIONS"
        case .put: "PUT"
        case .delete: "DELETE"
        case .patch: "PATCH"
        case .trace: "TRACE"
        case .other: "other"
        }
    }
}

/// Whether the bytes are this text of ASCII.
@inline(__always)
func isText(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount, let start = bytes.baseAddress else { return false }
    return memcmp(start, text.utf8Start, bytes.count) == 0
}

/// Whether the bytes are this text of ASCII in lower case, whatever case they are in themselves.
@inline(__always)
func isTextIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    for index in 0..<bytes.count where lowercase(bytes[index]) != text.utf8Start[index] { return false }
    return true
}

@inline(__always)
func lowercase(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
