/// Why a file, as a whole, could not be read. `description` is one line that names the file and the next step.
package enum ReadingError: Error, Equatable, CustomStringConvertible {
    case notFound(path: String)
    case isDirectory(path: String)
    case noFiles(directory: String)
    /// `reason` is the system's text.
    case unreadable(path: String, reason: String)
    /// Nothing but, perhaps, a byte-order mark and blank lines.
    case emptyFile(path: String)
    case missingColumns(path: String, missing: [String], found: [String])
    /// As `missingColumns`, of a worksheet: another one may be meant.
    case missingSheetColumns(path: String, missing: [String], found: [String])
    case duplicateColumn(path: String, column: String, names: [String])
    case tooManyColumns(path: String)
    case headerTooLong(path: String)
    /// The header's quotes do not close.
    case badHeaderQuotes(path: String)
    /// Lines end in a carriage return alone.
    case carriageReturns(path: String)
    case utf16(path: String)
    /// A zip archive, which an Excel workbook is as well, where bytes cannot be read again.
    case zipArchive(path: String)
    case unreadableFormat(path: String, InputFormat)
    /// `path` is that of the archive, the workbook or the folder.
    case container(path: String, ContainerFault)
    case nulByte(path: String, line: Int64)
    /// `line` is the last line that was read whole.
    case truncatedGzip(path: String, line: Int64)
    case damagedGzip(path: String, reason: String, line: Int64)
    /// A record of a table that is damaged, or has another number of fields than there are columns.
    case badRecord(path: String, line: Int64, fields: Int, columns: Int)
    /// No line's date fits any layout; `value` is the first date.
    case noDateLayout(path: String, line: Int64, value: String)
    /// More has to be told about how to read the files.
    case layout(LayoutFault)
    case rejectsUnwritable(path: String, reason: String)
    case rejectsOverwrites(path: String)

    package var description: String {
        switch self {
        case .notFound(let path):
            "\(path): no such file or directory; check the path"
        case .isDirectory(let path):
            "\(path): is a directory; name its files, or pass it where a directory is taken"
        case .noFiles(let directory):
            "\(directory): no *.csv, *.tsv (or either with .gz), *.xlsx or *.zip in this directory; name the files, or another "
                + "directory"
        case .unreadable(let path, let reason):
            "\(path): cannot be read (\(reason)); check its permissions and the disk"
        case .emptyFile(let path):
            "\(path): is empty; a header line with the column names is needed"
        case .missingColumns(let path, let missing, let found):
            "\(path): no column \(missing.joined(separator: ", ")); the first line has "
                + "\(Self.listed(found)); \(Self.quotedLineHint(found))name what stands for it with --columns \(missing[0])=NAME"
                + Self.hint(missing)
        case .missingSheetColumns(let path, let missing, let found):
            Self.missingColumns(path: path, missing: missing, found: found).description
                + "; --worksheet NAME reads another worksheet"
        case .duplicateColumn(let path, let column, let names):
            "\(path): the column \(column) is there twice (\(names.joined(separator: ", "))); remove one"
        case .tooManyColumns(let path):
            "\(path): more than \(ReadingLimits.columns) columns; export only those that are needed"
        case .headerTooLong(let path):
            "\(path): the first line is longer than \(ReadingLimits.recordBytes) bytes; is this a CSV file?"
        case .badHeaderQuotes(let path):
            "\(path): a quote in the header line is not closed; correct the first line"
        case .carriageReturns(let path):
            "\(path): lines end in a carriage return alone; save the file with LF or CRLF line ends"
        case .utf16(let path):
            "\(path): is UTF-16 text; save it as UTF-8, for example with: iconv -f UTF-16 -t UTF-8"
        case .zipArchive(let path):
            "\(path): is a zip archive or an Excel workbook, which is not read from a pipe; save it as a file and name that"
        case .unreadableFormat(let path, let format):
            "\(path): is \(format.name); \(format.conversion)"
        case .container(let path, let fault):
            "\(path): \(fault.description)"
        case .nulByte(let path, let line):
            "\(path): line \(line) has a NUL byte, so this is not text (UTF-16 or a damaged file?); save it as UTF-8"
        case .truncatedGzip(let path, let line):
            "\(path): the gzip data end too early, after line \(line); fetch the file again"
        case .damagedGzip(let path, let reason, let line):
            "\(path): the gzip data are damaged after line \(line) (\(reason)); fetch the file again"
        case .badRecord(let path, let line, let fields, let columns):
            "\(path): line \(line) "
                + (fields == 0 ? "has a quote that does not close or is too long" : "has \(fields) fields")
                + "; \(columns) fields are needed; correct the line"
        case .noDateLayout(let path, let line, let value):
            "\(path): line \(line): \"\(value)\" is no date of a known form, and no other line has one; "
                + DateHint.text(value)
        case .layout(let fault):
            fault.description
        case .rejectsUnwritable(let path, let reason):
            "\(path): the rejected lines cannot be written (\(reason)); name another place for them"
        case .rejectsOverwrites(let path):
            "\(path): exists and is not a file of rejected lines; name another place for them"
        }
    }

    /// A program that took each line for one text has put it in quotes as a whole.
    private static func quotedLineHint(_ found: [String]) -> String {
        guard found.count == 1, found[0].contains(where: { ",;\t|".contains($0) }) else { return "" }
        return "where each line is in quotes as a whole, take them off first, for example with: "
            + "sed 's/^\"//; s/\"\\r*$//; s/\"\"/\"/g' FILE > plain.csv; else "
    }

    private static func hint(_ missing: [String]) -> String {
        let amount = ColumnRole.amount.rawValue
        guard missing.last == ColumnRole.quantity.rawValue || missing.last == ColumnRole.price.rawValue else {
            return ""
        }
        return ", or the total of a line with \(amount)=NAME"
    }

    static func listed(_ names: [String]) -> String {
        let shown = names.prefix(12).joined(separator: ", ")
        return names.count > 12 ? "\(shown), and \(names.count - 12) more" : shown
    }
}

/// Outside text as a message may repeat it: valid UTF-8, one line, no control characters, cut at
/// `ReadingLimits.messageTextBytes`.
func messageText(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    let start = UnsafeBufferPointer(rebasing: bytes.prefix(ReadingLimits.messageTextBytes))
    let text = isUTF8(bytes) ? String(decoding: start, as: UTF8.self) : Windows1252.text(start)
    var shown = ""
    for scalar in text.unicodeScalars {
        let isControl = scalar.value < 0x20 || (scalar.value >= 0x7F && scalar.value < 0xA0)
        // U+2028 and U+2029 end a line, U+202A to U+202E and U+2066 to U+2069 turn the direction of what follows.
        let isLayout =
            (0x2028...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
        shown.unicodeScalars.append(isControl || isLayout ? "?" : scalar)
    }
    return bytes.count > ReadingLimits.messageTextBytes ? shown + "..." : shown
}

func messageText(_ text: String) -> String { Array(text.utf8).withUnsafeBufferPointer { messageText($0) } }

func messageText(_ text: UnsafePointer<CChar>) -> String { messageText(String(cString: text)) }

/// Outside text: UTF-8, or Windows-1252 where it is not valid.
func decodedText(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    isUTF8(bytes) ? String(decoding: bytes, as: UTF8.self) : Windows1252.text(bytes)
}

/// As `messageText`, of a line whose bytes above 0x7F may be Windows-1252; without the CR of its end.
func exampleText(_ line: UnsafeBufferPointer<UInt8>, _ isLatin1: Bool) -> String {
    let bytes = line.last == UInt8(ascii: "\r") ? UnsafeBufferPointer(rebasing: line.dropLast()) : line
    guard isLatin1 else { return messageText(bytes) }
    return messageText(Windows1252.text(bytes.prefix(ReadingLimits.messageTextBytes + 1)))
}
