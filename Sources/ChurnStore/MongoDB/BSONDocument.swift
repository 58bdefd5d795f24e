internal import CMongo

/// A BSON document that this process makes, and the owner of its `bson_t`.
///
/// libbson aligns `bson_t` to 128 bytes, which Swift cannot do for a variable: it always lies on the heap here.
struct BSONDocument: ~Copyable {
    let pointer: OpaquePointer

    init() {
        pointer = bson_new()
    }

    /// A document of our own making, in MongoDB's Extended JSON: the readable way to write a query.
    ///
    /// - Precondition: the text is sound. Nothing from outside belongs into it but numbers.
    init(_ json: String) {
        var error = bson_error_t()
        var text = json
        let made = text.withUTF8 { bson_new_from_json($0.baseAddress, $0.count, &error) }
        guard let made else { preconditionFailure("not a document: \(json)") }
        pointer = made
    }

    deinit {
        bson_destroy(pointer)
    }

    /// Empties the document and keeps its memory.
    func clear() {
        bson_reinit(pointer)
    }

    /// The bytes of the document, valid until it is changed.
    var bytes: UnsafeBufferPointer<UInt8> {
        let start = UnsafeRawPointer(bson_get_data(pointer))
        // A document begins with its length, little-endian.
        let count = start.map { Int(Int32(littleEndian: $0.loadUnaligned(as: Int32.self))) } ?? 0
        return UnsafeBufferPointer(start: start?.assumingMemoryBound(to: UInt8.self), count: count)
    }

    func append(_ key: StaticString, _ integer: Int64) {
        let name = UnsafeRawPointer(key.utf8Start).assumingMemoryBound(to: CChar.self)
        Self.check(bson_append_int64(pointer, name, Int32(key.utf8CodeUnitCount), integer))
    }

    func append(_ key: String, _ integer: Int64) {
        Self.check(bson_append_int64(pointer, key, -1, integer))
    }

    func append(_ key: StaticString, _ text: UnsafeBufferPointer<UInt8>) {
        let name = UnsafeRawPointer(key.utf8Start).assumingMemoryBound(to: CChar.self)
        guard let start = text.baseAddress else {
            // "value: a UTF-8 encoded string, or NULL [...] BSON_TYPE_NULL" (bson_append_utf8(3)): empty is not null.
            return Self.check(bson_append_utf8(pointer, name, Int32(key.utf8CodeUnitCount), "", 0))
        }
        let length = Int32(clamping: text.count)
        start.withMemoryRebound(to: CChar.self, capacity: text.count) {
            Self.check(bson_append_utf8(pointer, name, Int32(key.utf8CodeUnitCount), $0, length))
        }
    }

    func append(_ key: String, _ text: String) {
        var copy = text
        let isAppended = copy.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { bson_append_utf8(pointer, key, -1, $0, Int32(clamping: text.count)) }
                    ?? bson_append_utf8(pointer, key, -1, "", 0)
            }
        }
        Self.check(isAppended)
    }

    /// - Parameter value: UTF-8.
    func append(_ key: String, bytes value: [UInt8]) {
        append(key, String(decoding: value, as: UTF8.self))
    }

    func append(_ key: String, _ number: Double) {
        Self.check(bson_append_double(pointer, key, -1, number))
    }

    func append(_ key: String, _ value: Bool) {
        Self.check(bson_append_bool(pointer, key, -1, value))
    }

    func append(_ key: String, _ document: borrowing BSONDocument) {
        Self.check(bson_append_document(pointer, key, -1, document.pointer))
    }

    func append(_ key: String, integers: some Sequence<Int64>) {
        let array = BSONDocument()
        for (index, integer) in integers.enumerated() { array.append("\(index)", integer) }
        Self.check(bson_append_array(pointer, key, -1, array.pointer))
    }

    func append(_ key: String, strings: [String]) {
        let array = BSONDocument()
        for (index, string) in strings.enumerated() { array.append("\(index)", string) }
        Self.check(bson_append_array(pointer, key, -1, array.pointer))
    }

    /// libbson refuses what does not fit into 2 GiB, far beyond the limits of what is put in here.
    private static func check(_ isAppended: Bool) {
        precondition(isAppended, "a document of more than 2 GiB")
    }
}

/// Room for a document that libmongoc fills (`bson_t *reply`), or for a view of bytes that are one.
struct BSONSlot: ~Copyable {
    private let memory: UnsafeMutableRawPointer
    let pointer: OpaquePointer

    init() {
        memory = .allocate(byteCount: Self.bytes, alignment: Self.alignment)
        pointer = OpaquePointer(memory)
        // A document that lies in the struct itself: filling it again without destroying it loses nothing.
        bson_init(pointer)
    }

    deinit {
        bson_destroy(pointer)
        memory.deallocate()
    }

    /// Makes the slot a view of a whole document, whose bytes must stay while it is used.
    ///
    /// - Returns: whether the bytes can be a document.
    func view(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bson_init_static(pointer, bytes.baseAddress, bytes.count)
    }

    /// Of `bson_t` and of `bson_iter_t`, which is smaller. Swift's `MemoryLayout` does not know the alignment.
    static let bytes = 128
    static let alignment = 128
}
