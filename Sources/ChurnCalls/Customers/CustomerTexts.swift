/// Texts that name customers, one per row, as `CustomerTexts` of churn.v1 has them on the wire: the byte 0A, the length as a
/// varint, the text. A view; a million of them cost no more memory than they came with.
package struct CustomerTexts: Sequence {
    package let count: Int
    private let bytes: UnsafeRawBufferPointer

    fileprivate static let tag: UInt8 = 0x0A

    /// - Returns: `nil` for bytes that are no such message. Fields that this version does not know are passed over.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        var iterator = Iterator(rest: bytes)
        var count = 0
        while iterator.next() != nil { count += 1 }
        guard iterator.isAtEnd else { return nil }
        self.init(bytes, count: count)
    }

    fileprivate init(_ bytes: UnsafeRawBufferPointer, count: Int) {
        (self.bytes, self.count) = (bytes, count)
    }

    /// At most `limit` of the texts, from `first` on.
    package func part(from first: Int, atMost limit: Int) -> CustomerTexts {
        var iterator = makeIterator()
        for _ in 0..<first { _ = iterator.next() }
        return CustomerTexts(iterator.rest, count: Swift.min(limit, Swift.max(0, count - first)))
    }

    package func makeIterator() -> Iterator { Iterator(rest: bytes) }

    package struct Iterator: IteratorProtocol {
        fileprivate var rest: UnsafeRawBufferPointer

        fileprivate var isAtEnd: Bool { rest.isEmpty }

        /// - Returns: `nil` at the end, and where the bytes are no such message.
        package mutating func next() -> UnsafeBufferPointer<UInt8>? {
            var remaining = rest
            while let tag = Self.varint(&remaining) {
                let length: Int
                switch tag & 7 {
                case 0:
                    guard Self.varint(&remaining) != nil else { return nil }
                    length = 0
                case 1: length = 8
                case 2:
                    guard let found = Self.varint(&remaining), found <= UInt64(remaining.count) else { return nil }
                    length = Int(found)
                case 5: length = 4
                default: return nil
                }
                guard tag >> 3 != 0, length <= remaining.count else { return nil }
                let field = UnsafeRawBufferPointer(rebasing: remaining.prefix(length))
                remaining = UnsafeRawBufferPointer(rebasing: remaining.dropFirst(length))
                rest = remaining
                if tag == UInt64(CustomerTexts.tag) { return field.bindMemory(to: UInt8.self) }
            }
            return nil
        }

        private static func varint(_ rest: inout UnsafeRawBufferPointer) -> UInt64? {
            var value: UInt64 = 0
            for index in 0..<Swift.min(10, rest.count) {
                value |= UInt64(rest[index] & 0x7F) << UInt64(7 * index)
                if rest[index] < 0x80 {
                    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(index + 1))
                    return value
                }
            }
            return nil
        }
    }
}

/// The same in memory of its own, each text within reach.
package struct CustomerTextList: Sendable {
    package private(set) var bytes: [UInt8] = []
    /// Where each text begins, with its tag.
    private var starts: [UInt32] = []

    package init() {}

    /// - Parameter texts: as many bytes as a request may have.
    package init(_ texts: some Sequence<String>) {
        for var text in texts { text.withUTF8 { append($0) } }
    }

    package var count: Int { starts.count }

    package mutating func append(_ text: some Collection<UInt8>) {
        starts.append(UInt32(truncatingIfNeeded: bytes.count))
        bytes.append(CustomerTexts.tag)
        var rest = text.count
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
        bytes.append(contentsOf: text)
    }

    package subscript(row: Int) -> ArraySlice<UInt8> {
        var index = Int(starts[row]) + 1
        var (count, shift) = (0, 0)
        while bytes[index] >= 0x80 {
            count |= Int(bytes[index] & 0x7F) << shift
            (index, shift) = (index + 1, shift + 7)
        }
        count |= Int(bytes[index]) << shift
        return bytes[(index + 1)..<(index + 1 + count)]
    }

    package func withTexts<Value>(_ body: (CustomerTexts) -> Value) -> Value {
        bytes.withUnsafeBytes { body(CustomerTexts($0, count: count)) }
    }
}
