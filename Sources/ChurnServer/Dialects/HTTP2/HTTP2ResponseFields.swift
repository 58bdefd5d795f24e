internal import CNghttp2
internal import ChurnBase
internal import NIOCore

/// The fields of the head of one response, gathered for nghttp2, which copies those that are not the program's own.
final class HTTP2ResponseFields: HTTPFieldWriter {
    private enum Value {
        case literal(StaticString)
        /// Of `text`.
        case range(Range<Int>)
    }

    private var fields: [(name: StaticString, value: Value)] = []
    /// The values that are no literals, one behind the other.
    private var text: [UInt8] = []

    /// Lends the head of a response, its status first.
    ///
    /// - Parameter bodyBytes: `nil` when it is not known.
    func withHead(
        of response: HTTPResponse,
        bodyBytes: Int?,
        date: [UInt8],
        _ body: (UnsafeMutableBufferPointer<nghttp2_nv>) -> Void
    ) {
        fields.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        if response.status == .ok {
            writeField(":status", literal: "200")
        } else {
            writeField(":status", "\(response.status.rawValue)")
        }
        add("date", date)
        if response.contentType != .none { writeField("content-type", literal: response.contentType.text) }
        if response.hasContent, let bodyBytes { writeField("content-length", "\(bodyBytes)") }
        var writer = self
        response.writeFields(to: &writer)
        lend(body)
    }

    private func lend(_ body: (UnsafeMutableBufferPointer<nghttp2_nv>) -> Void) {
        text.withUnsafeMutableBufferPointer { text in
            withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: fields.count) { list in
                for (index, field) in fields.enumerated() {
                    let entry =
                        switch field.value {
                        case .literal(let value): nghttp2_nv(field.name, value)
                        case .range(let range):
                            nghttp2_nv(field.name, UnsafeMutableBufferPointer(rebasing: text[range]))
                        }
                    list.initializeElement(at: index, to: entry)
                }
                body(list)
            }
        }
    }

    // MARK: HTTPFieldWriter

    func writeField(_ name: StaticString, literal value: StaticString) {
        fields.append((name, .literal(value)))
    }

    func writeField(_ name: StaticString, quotedHexadecimal value: UInt64) {
        writeField(name, "\"\(hexadecimal(value))\"")
    }

    func writeField(_ name: StaticString, _ value: String) {
        add(name, value.utf8)
    }

    private func add(_ name: StaticString, _ value: some Sequence<UInt8>) {
        let start = text.count
        text += value
        fields.append((name, .range(start..<text.count)))
    }
}
