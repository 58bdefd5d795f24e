internal import ChurnBase

/// What the header fields of a request say that does not depend on HTTP's version, gathered field by field. Other fields
/// are not kept.
package struct HTTPFields: Equatable, Sendable {
    package enum ContentType: Sendable {
        /// No field.
        case none
        case json, other
    }

    package enum ContentEncoding: Sendable {
        case identity, gzip, unknown
    }

    /// What an answer to a batch may be written as.
    package struct Accepted: OptionSet, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let json = Accepted(rawValue: 1)
        package static let ndjson = Accepted(rawValue: 2)
        package static let csv = Accepted(rawValue: 4)
        /// Anything.
        package static let any = Accepted(rawValue: 8)
    }

    /// How much of a body is the JSON of the Open Inference Protocol.
    package enum InferenceHeaderBytes: Equatable, Sendable {
        /// No field: all of it.
        case none
        case bytes(Int)
        case malformed
    }

    package private(set) var contentType = ContentType.none
    package private(set) var contentEncoding = ContentEncoding.identity
    /// Empty when there is no such field.
    package private(set) var accepted = Accepted()
    package private(set) var hasAccept = false
    package private(set) var acceptsGzip = false
    /// As they came; empty when there is none.
    package private(set) var ifNoneMatch: [UInt8] = []
    package private(set) var origin: [UInt8] = []
    package private(set) var isPreflight = false
    package private(set) var inferenceHeaderBytes = InferenceHeaderBytes.none

    package init() {}

    /// - Parameters:
    ///   - name: in any case.
    ///   - value: without white space around it.
    package mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        // The length first: most fields are none of these.
        switch name.count {
        case 6 where isTextIgnoringCase(name, "accept"):
            hasAccept = true
            addAccepted(value)
        case 6 where isTextIgnoringCase(name, "origin"): origin = Array(value)
        case 12 where isTextIgnoringCase(name, "content-type"): contentType = Self.contentType(value)
        case 13 where isTextIgnoringCase(name, "if-none-match"):
            if !ifNoneMatch.isEmpty { ifNoneMatch.append(UInt8(ascii: ",")) }
            ifNoneMatch += Array(value)
        case 15 where isTextIgnoringCase(name, "accept-encoding"):
            if Self.acceptsGzip(value) { acceptsGzip = true }
        case 16 where isTextIgnoringCase(name, "content-encoding"): addEncoding(value)
        case 29 where isTextIgnoringCase(name, "access-control-request-method"): isPreflight = true
        case 31 where isTextIgnoringCase(name, "inference-header-content-length"): addInferenceHeader(value)
        default: break
        }
    }

    private mutating func addInferenceHeader(_ value: UnsafeRawBufferPointer) {
        guard inferenceHeaderBytes == .none, value.first != UInt8(ascii: "-"), let bytes = decimalInteger(value) else {
            inferenceHeaderBytes = .malformed
            return
        }
        inferenceHeaderBytes = .bytes(Int(bytes))
    }

    /// "application/json", or another type that ends in "+json"; perhaps with parameters.
    private static func contentType(_ value: UnsafeRawBufferPointer) -> ContentType {
        let type = trimmed(UnsafeRawBufferPointer(rebasing: value.prefix { $0 != UInt8(ascii: ";") }))
        if isTextIgnoringCase(type, "application/json") { return .json }
        let suffix = UnsafeRawBufferPointer(rebasing: type.suffix(5))
        let isApplication =
            type.count > 12 && isTextIgnoringCase(UnsafeRawBufferPointer(rebasing: type.prefix(12)), "application/")
        return isApplication && isTextIgnoringCase(suffix, "+json") ? .json : .other
    }

    private mutating func addEncoding(_ value: UnsafeRawBufferPointer) {
        if isTextIgnoringCase(value, "identity") { return }
        let isGzip = isTextIgnoringCase(value, "gzip") || isTextIgnoringCase(value, "x-gzip")
        // Two codings, one over the other, are more than anybody needs.
        contentEncoding = isGzip && contentEncoding == .identity ? .gzip : .unknown
    }

    private mutating func addAccepted(_ value: UnsafeRawBufferPointer) {
        Self.forEachElement(value) { element, isRefused in
            guard !isRefused else { return }
            if isTextIgnoringCase(element, "*/*") || isTextIgnoringCase(element, "application/*") {
                accepted.insert(.any)
            } else if isTextIgnoringCase(element, "application/json") {
                accepted.insert(.json)
            } else if isTextIgnoringCase(element, "application/x-ndjson")
                || isTextIgnoringCase(element, "application/ndjson")
            {
                accepted.insert(.ndjson)
            } else if isTextIgnoringCase(element, "text/csv") {
                accepted.insert(.csv)
            }
        }
    }

    private static func acceptsGzip(_ value: UnsafeRawBufferPointer) -> Bool {
        var accepts = false
        forEachElement(value) { element, isRefused in
            if isTextIgnoringCase(element, "gzip") { accepts = !isRefused }
        }
        return accepts
    }

    /// Calls `body` for each element of a list, without its parameters, and with whether its quality is 0.
    private static func forEachElement(
        _ list: UnsafeRawBufferPointer,
        _ body: (_ element: UnsafeRawBufferPointer, _ isRefused: Bool) -> Void
    ) {
        for part in list.split(separator: UInt8(ascii: ",")) {
            let parameters = part.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
            let isRefused = parameters.dropFirst().contains { parameter in
                let text = trimmed(UnsafeRawBufferPointer(rebasing: parameter))
                guard text.count >= 3, lowercase(text[0]) == UInt8(ascii: "q"), text[1] == UInt8(ascii: "=") else {
                    return false
                }
                // "0", "0.", "0.000".
                return text.dropFirst(2).allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }
            }
            body(trimmed(UnsafeRawBufferPointer(rebasing: parameters[0])), isRefused)
        }
    }
}

/// The bytes without spaces and tabs around them.
@inline(__always)
func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var (start, end) = (0, bytes.count)
    while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
    while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
}
