/// Writes rejected lines to a CSV file `file,line,reason,text`, up to a limit a reason. The file is made with the first
/// of them; an earlier file of rejected lines is replaced, any other file is left alone and is an error.
///
/// One serves all files of a run, one after the other. Not `Sendable`. Written out by `flush`, and as far as possible
/// when it goes.
package final class RejectsFile {
    package let path: String
    package let limitPerReason: Int

    static let header = Array("file,line,reason,text\n".utf8)

    private var file: OutputFile?
    private var buffer: [UInt8] = []
    private var written = [Int](repeating: 0, count: RejectReason.allCases.count)

    /// - Parameter limitPerReason: lines, over all files; 0 writes none.
    package init(path: String, limitPerReason: Int = ReadingLimits.rejectsPerReason) {
        self.path = path
        self.limitPerReason = limitPerReason
    }

    deinit { try? flush() }

    /// Whether there is a file, so that a message can name it.
    package var isCreated: Bool { file != nil }

    /// Hands everything to the system. To be called at the end, so that an error is seen.
    package func flush() throws(ReadingError) {
        guard !buffer.isEmpty else { return }
        try file?.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// False when the reason's limit was reached before.
    ///
    /// - Parameters:
    ///   - text: the line as it stands in the file, without its line end; cut at `ReadingLimits.rejectTextBytes`.
    ///   - isLatin1: the bytes are not UTF-8, and read as `Windows1252`.
    func write(
        source: String,
        line: Int64,
        reason: RejectReason,
        text: UnsafeBufferPointer<UInt8>,
        isLatin1: Bool
    ) throws(ReadingError) -> Bool {
        guard written[reason.rawValue] < limitPerReason else { return false }
        if file == nil {
            file = try OutputFile(replacing: path, ifStartsWith: Self.header)
            buffer += Self.header
        }
        written[reason.rawValue] += 1
        appendQuoted(Array(source.utf8))
        buffer += Array(",\(line),\(reason.name),".utf8)
        let shown = UnsafeBufferPointer(rebasing: text.prefix(ReadingLimits.rejectTextBytes))
        var rewritten: [UInt8] = []
        if isLatin1 {
            for byte in shown { Windows1252.forEachUTF8(byte) { rewritten.append($0) } }
        } else {
            // A cut may fall inside a character: decoding mends it.
            rewritten = Array(String(decoding: shown, as: UTF8.self).utf8)
        }
        if text.count > shown.count { rewritten += Array("...".utf8) }
        appendQuoted(rewritten)
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= ReadingLimits.rejectsBufferBytes { try flush() }
        return true
    }

    private func appendQuoted(_ bytes: [UInt8]) {
        buffer.append(UInt8(ascii: "\""))
        for byte in bytes {
            buffer.append(byte)
            if byte == UInt8(ascii: "\"") { buffer.append(byte) }
        }
        buffer.append(UInt8(ascii: "\""))
    }
}
