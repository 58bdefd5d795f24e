/// What can be read only once, a pipe or standard input, in a temporary file without a name: so it can be read again, and
/// be an archive. The file is gone with this object, and with the process, however that ends.
package final class InputCopy {
    private var file: TemporaryFile

    /// Bytes asked of the input at a time.
    private static let pieceBytes = 1 << 20

    /// Copies the input to its end.
    ///
    /// - Parameters:
    ///   - input: `isReadableOnce`.
    ///   - directory: nil: `$TMPDIR`, else `/var/tmp`.
    /// - Throws: `ReadingError` of the input, `TemporaryFileError` of the copy.
    package init(of input: TransactionInput, directory: String? = nil) throws {
        let source = try InputFile(opening: input.path, name: input.name)
        file = try TemporaryFile(directory: directory, limitBytes: nil)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 64)
        defer { piece.deallocate() }
        while true {
            let count = try source.read(into: piece)
            if count == 0 { return }
            try file.reserve(Int64(count))
            try file.append(UnsafeRawBufferPointer(rebasing: piece[..<count]))
        }
    }

    /// Where the copy can be opened, while this object lives.
    package var path: String { file.path }
}
