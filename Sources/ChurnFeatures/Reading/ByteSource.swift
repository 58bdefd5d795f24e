/// The plain bytes of an input as CSV text: unpacked when it is gzip, made from cells when it is a worksheet. The format
/// follows from the first bytes, not from the name.
struct ByteSource: ~Copyable {
    private var raw: RawInput
    private var gunzip: Gunzip?
    private var worksheet: WorksheetText?
    /// Plain bytes that were read to recognise the content, and are handed out first.
    private var head: [UInt8] = []
    /// Plain bytes that a gzip member of an archive may still have.
    private var expansionRest: UInt64 = .max

    var isGzip: Bool { gunzip != nil }
    /// Whether this code made the text: the separator is a comma, and number cells have a decimal point.
    var isWorksheet: Bool { worksheet != nil }
    var compression: ReadingReport.Compression {
        if isWorksheet { .workbook } else if raw.isMember { .zip } else { isGzip ? .gzip : .none }
    }
    var isCompressed: Bool { isGzip || isWorksheet || raw.isMember }
    /// What messages call the input.
    var path: String { raw.path }
    /// Bytes of the input as stored; nil for a pipe.
    var storedByteCount: Int64? { raw.byteCount }
    /// Bytes of the input taken so far, as stored (compressed, where it is).
    private(set) var storedBytesTaken: Int64 = 0

    /// Opens an input from its beginning.
    ///
    /// - Throws: what cannot be opened, is no text, or holds more than one input.
    static func open(_ input: TransactionInput, bytesPerRead: Int) throws(ReadingError) -> ByteSource {
        switch input.part {
        case .file:
            var raw = try RawInput(opening: input.path, name: input.name, bytesPerRead: bytesPerRead)
            guard raw.byteCount != nil, RecognisedContent(try raw.peek()) == .zip else { return try ByteSource(raw) }
            let found = try TransactionInputs.find(in: input.path, name: input.name)
            guard found.inputs.count == 1, let only = found.inputs.first else {
                throw .container(path: input.name, .severalMembers(found.inputs.count))
            }
            return try open(only, bytesPerRead: bytesPerRead)
        case .member(let member):
            let archive = try ZipArchive(opening: input.path, name: input.name)
            let reader = try ZipMemberReader(opening: member, of: archive)
            return try ByteSource(RawInput(reader, name: input.name, member, bytesPerRead))
        case .worksheet(let sheet):
            let archive = try ZipArchive(opening: input.path, name: input.name)
            let context = try Workbook(archive).cellContext(archive)
            let reader = try ZipMemberReader(opening: sheet.member, of: archive)
            let text = try WorksheetText(sheet, context, path: input.name)
            return ByteSource(text, of: RawInput(reader, name: input.name, sheet.member, bytesPerRead))
        }
    }

    private init(_ worksheet: consuming WorksheetText, of xml: consuming RawInput) {
        raw = xml
        gunzip = nil
        self.worksheet = consume worksheet
    }

    /// Text, or gzip of text.
    init(_ input: consuming RawInput) throws(ReadingError) {
        raw = input
        gunzip = nil
        worksheet = nil
        let content = RecognisedContent(try raw.peek())
        if content == .zip, !raw.isMember { throw .zipArchive(path: raw.path) }
        guard content == .gzip else {
            try content.checkIsText(path: raw.path)
            return
        }
        gunzip = try Gunzip(path: raw.path)
        if raw.isMember, let byteCount = raw.byteCount {
            expansionRest = ContainerLimits.expansionLimit(compressedBytes: UInt64(clamping: byteCount))
        }
        try recogniseUnpacked()
    }

    private mutating func recogniseUnpacked() throws(ReadingError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ContainerLimits.recognitionBytes, alignment: 1)
        defer { buffer.deallocate() }
        var count = 0
        while count < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            // Gunzip gives its error again, after the bytes before it.
            guard let got = try? gunzip?.read(into: rest, from: &raw), got > 0 else { break }
            count += got
        }
        head = Array(buffer[..<count])
        try RecognisedContent(head).checkIsText(path: raw.path)
    }

    /// The number of bytes read; 0 at the end. `target` is not empty. After an error every call gives it again.
    mutating func read(into target: UnsafeMutableRawBufferPointer) throws(ReadingError) -> Int {
        defer { storedBytesTaken = raw.storedBytes(taken: raw.taken - Int64(gunzip?.untakenBytes ?? 0)) }
        if !head.isEmpty {
            let count = min(head.count, target.count)
            target.copyBytes(from: head[..<count])
            head.removeFirst(count)
            return count
        }
        if worksheet != nil { return try worksheet?.read(into: target, from: &raw) ?? 0 }
        if gunzip == nil { return try raw.read(into: target) }
        let count = try gunzip?.read(into: target, from: &raw) ?? 0
        guard UInt64(count) <= expansionRest else {
            throw .container(path: raw.path, .compressionRatio(member: raw.path))
        }
        expansionRest -= UInt64(count)
        return count
    }
}

extension RecognisedContent {
    fileprivate func checkIsText(path: String) throws(ReadingError) {
        switch self {
        case .text, .rejects: break
        case .gzip, .zip: throw .container(path: path, .nestedArchive(member: path))
        case .utf16: throw .utf16(path: path)
        case .unreadable(let format): throw .unreadableFormat(path: path, format)
        }
    }
}
