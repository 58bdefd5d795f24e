internal import CMongo
internal import ChurnBase

/// Reads the fields of one document after another, in their order, without copying: a view over `bson_iter_t`.
///
/// Texts and keys are valid until the document goes. One reader serves any number of documents.
struct BSONReader: ~Copyable {
    private let memory: UnsafeMutableRawPointer
    private let iterator: OpaquePointer

    init() {
        memory = .allocate(byteCount: BSONSlot.bytes, alignment: BSONSlot.alignment)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: BSONSlot.bytes)
        iterator = OpaquePointer(memory)
    }

    deinit {
        memory.deallocate()
    }

    /// - Returns: false when the bytes are no document; then there is no field.
    func start(_ document: OpaquePointer) -> Bool {
        bson_iter_init(iterator, document)
    }

    /// Goes to the next field. Ends, as at the last one, where the bytes are broken.
    func next() -> Bool {
        bson_iter_next(iterator)
    }

    var key: BSONKey { BSONKey(name: bson_iter_key(iterator)) }

    /// A whole number of either width: a server may store a small int64 as int32. Nil for every other type.
    var integer: Int64? {
        switch bson_iter_type(iterator) {
        case BSON_TYPE_INT64: bson_iter_int64(iterator)
        case BSON_TYPE_INT32: Int64(bson_iter_int32(iterator))
        default: nil
        }
    }

    /// Whether it is a double: what a sum of integers turns into when it leaves 64 bits.
    var isDouble: Bool { bson_iter_type(iterator) == BSON_TYPE_DOUBLE }

    /// - Returns: whether the field is a whole number, which then is in `integer`.
    func read(into integer: inout Int64) -> Bool {
        guard let value = self.integer else { return false }
        integer = value
        return true
    }

    /// - Returns: whether the field is a text, which then is in `text`.
    func read(into text: inout UnsafeBufferPointer<UInt8>) -> Bool {
        guard let value = self.text else { return false }
        text = value
        return true
    }

    /// A double, or a whole number as one.
    var number: Double? { isDouble ? bson_iter_double(iterator) : integer.map { Double($0) } }

    var bool: Bool? { bson_iter_type(iterator) == BSON_TYPE_BOOL ? bson_iter_bool(iterator) : nil }

    var text: UnsafeBufferPointer<UInt8>? {
        guard bson_iter_type(iterator) == BSON_TYPE_UTF8 else { return nil }
        var length: UInt32 = 0
        guard let start = bson_iter_utf8(iterator, &length) else { return nil }
        let bytes = UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self)
        return UnsafeBufferPointer(start: bytes, count: Int(length))
    }

    var string: String? { text.map { String(decoding: $0, as: UTF8.self) } }

    /// Calls `body` at each element of an array or field of a document that stands here.
    ///
    /// - Parameter inner: another reader, for the inside; it may be used again.
    /// - Returns: false when it is neither array nor document.
    func forEach(
        with inner: borrowing BSONReader,
        _ body: (borrowing BSONReader) -> Void
    ) -> Bool {
        let type = bson_iter_type(iterator)
        guard type == BSON_TYPE_ARRAY || type == BSON_TYPE_DOCUMENT, bson_iter_recurse(iterator, inner.iterator) else {
            return false
        }
        while inner.next() { body(inner) }
        return true
    }
}

/// The name of a field, to be compared with literals.
struct BSONKey {
    fileprivate let name: UnsafePointer<CChar>?

    static func ~= (literal: StaticString, key: BSONKey) -> Bool {
        guard let name = key.name else { return false }
        // A literal ends with a NUL.
        return strcmp(name, UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self)) == 0
    }

    var string: String { name.map { String(cString: $0) } ?? "" }

    static func == (key: BSONKey, text: String) -> Bool {
        guard let name = key.name else { return false }
        return strcmp(name, text) == 0
    }
}
