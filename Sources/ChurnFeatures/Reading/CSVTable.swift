internal import ChurnBase

/// Reads any CSV file with a header, record by record, in bounded memory: what batch scoring takes in.
///
/// The same CSV as `TransactionReader` takes, gzip included. Unlike transactions, a record that is damaged or has another
/// number of fields than the header is an error: a table of features is made by a program.
package struct CSVTable: ~Copyable {
    private var records: RecordReader
    /// The names of the columns as they stand in the file, without outer blanks.
    package let columns: [String]

    /// Opens a file and reads its header. `/dev/stdin` is a file too.
    package init(path: String) throws(ReadingError) {
        try self.init(input: TransactionInput(file: path, name: path, byteCount: nil))
    }

    /// Opens an input and reads its header.
    package init(input: TransactionInput) throws(ReadingError) {
        let source = try ByteSource.open(input, bytesPerRead: ReadingSettings.defaults.bufferBytes)
        var records = RecordReader(source, settings: .defaults)
        try records.begin()
        columns = try TransactionReader.readHeader(&records)
        self.records = records
    }

    /// The physical line, from 1, on which the current record begins.
    package var line: Int64 { records.line }

    /// Moves to the next record; `false` at the end.
    package mutating func next() throws(ReadingError) -> Bool {
        switch try records.next() {
        case .end: return false
        case .damaged: throw .badRecord(path: records.path, line: records.line, fields: 0, columns: columns.count)
        case .record: break
        }
        guard records.fieldCount == columns.count else {
            throw .badRecord(
                path: records.path,
                line: records.line,
                fields: records.fieldCount,
                columns: columns.count
            )
        }
        return true
    }

    /// A field of the current record, without its quotes and outer blanks; valid until the next call of `next`.
    ///
    /// - Precondition: `index` is below `columns.count`.
    package func field(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        precondition(index >= 0 && index < columns.count)
        return Blanks.trimmed(records.field(index).text)
    }
}
