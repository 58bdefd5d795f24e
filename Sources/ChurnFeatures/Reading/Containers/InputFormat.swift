/// A format that is recognised by its content and must be converted before it can be read.
package enum InputFormat: String, Sendable, Hashable, CaseIterable {
    case parquet, jsonLines, json, html, xml, ole, pdf, orc, avro, arrow, sqlite, bzip2, xz, zstandard, lz4, sevenZip,
        rar, tar
    case binaryWorkbook, openDocument, officeDocument

    /// With its article, to follow "is".
    package var name: String {
        switch self {
        case .parquet: "a Parquet file"
        case .jsonLines: "JSON lines"
        case .json: "JSON"
        case .html: "an HTML page, whatever its name says"
        case .xml: "an XML document"
        case .ole: "an old binary Excel workbook (.xls), or a workbook with a password"
        case .pdf: "a PDF document"
        case .orc: "an ORC file"
        case .avro: "an Avro file"
        case .arrow: "an Arrow or Feather file"
        case .sqlite: "an SQLite database"
        case .bzip2: "compressed with bzip2"
        case .xz: "compressed with xz"
        case .zstandard: "compressed with Zstandard"
        case .lz4: "compressed with LZ4"
        case .sevenZip: "a 7-Zip archive"
        case .rar: "a RAR archive"
        case .tar: "a tar archive"
        case .binaryWorkbook: "a binary Excel workbook (.xlsb)"
        case .openDocument: "an OpenDocument file (.ods)"
        case .officeDocument: "an Office document without worksheets"
        }
    }

    /// One line on how to get a file that can be read.
    package var conversion: String {
        switch self {
        case .parquet: Self.pandas("read_parquet('FILE')")
        case .jsonLines: Self.pandas("read_json('FILE', lines=True, dtype=False)")
        case .json: Self.pandas("read_json('FILE', dtype=False)")
        case .html, .xml, .ole, .binaryWorkbook, .openDocument:
            "open it in Excel or LibreOffice and save it as .xlsx or as CSV UTF-8"
        case .pdf: "export the transactions from the shop as CSV"
        case .orc: Self.pandas("read_orc('FILE')")
        case .arrow: Self.pandas("read_feather('FILE')")
        case .avro:
            "convert it to CSV, for example with: duckdb -c \"INSTALL avro; LOAD avro; "
                + "COPY (FROM read_avro('FILE')) TO 'FILE.csv'\""
        case .sqlite: "export the table with: sqlite3 -header -csv FILE 'SELECT * FROM TABLE' > FILE.csv"
        case .bzip2: "unpack it with: bunzip2 -k FILE"
        case .xz: "unpack it with: unxz -k FILE"
        case .zstandard: "unpack it with: unzstd FILE"
        case .lz4: "unpack it with: unlz4 FILE"
        case .sevenZip: "unpack it with: 7z x FILE"
        case .rar: "unpack it with: unrar x FILE"
        case .tar: "unpack it with: tar -xf FILE"
        case .officeDocument: "export the transactions as CSV UTF-8 or as .xlsx"
        }
    }

    private static func pandas(_ call: String) -> String {
        "convert it to CSV, for example with: "
            + "python3 -c \"import pandas; pandas.\(call).to_csv('FILE.csv', index=False)\""
    }
}

/// The kind of content that the first bytes of a file show.
enum RecognisedContent: Equatable {
    /// Text, or an unknown format.
    case text
    case gzip
    /// A zip archive, which a workbook is as well.
    case zip
    case utf16
    case rejects
    case unreadable(InputFormat)

    /// - Parameter head: the first bytes, up to `ContainerLimits.recognitionBytes`; fewer only when the file is shorter.
    init(_ head: [UInt8]) {
        self = Self.bySignature(head) ?? Self.byText(head)
    }

    private static let signatures: [(bytes: [UInt8], content: RecognisedContent)] = [
        ([0x1F, 0x8B], .gzip),
        ([0x50, 0x4B, 0x03, 0x04], .zip), ([0x50, 0x4B, 0x05, 0x06], .zip), ([0x50, 0x4B, 0x07, 0x08], .zip),
        ([0xFF, 0xFE], .utf16), ([0xFE, 0xFF], .utf16),
        (Array("PAR1".utf8), .unreadable(.parquet)), (Array("PARE".utf8), .unreadable(.parquet)),
        ([0xD0, 0xCF, 0x11, 0xE0], .unreadable(.ole)),
        (Array("%PDF-".utf8), .unreadable(.pdf)),
        (Array("ORC".utf8) + [0x0A], .unreadable(.orc)), (Array("Obj".utf8) + [1], .unreadable(.avro)),
        (Array("ARROW1".utf8) + [0], .unreadable(.arrow)),
        (Array("SQLite format 3".utf8) + [0], .unreadable(.sqlite)),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .unreadable(.xz)),
        ([0x28, 0xB5, 0x2F, 0xFD], .unreadable(.zstandard)), ([0x04, 0x22, 0x4D, 0x18], .unreadable(.lz4)),
        ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], .unreadable(.sevenZip)),
        (Array("Rar!".utf8) + [0x1A, 0x07], .unreadable(.rar)),
    ]

    private static func bySignature(_ head: [UInt8]) -> RecognisedContent? {
        if let known = signatures.first(where: { head.starts(with: $0.bytes) }) { return known.content }
        // "BZh", the block size, and the first digits of pi, which begin each block.
        if head.count >= 10, head.starts(with: Array("BZh".utf8)), head[4..<10].elementsEqual(bzip2Block) {
            return .unreadable(.bzip2)
        }
        // A file of ORC may begin with the three letters alone; they are followed by binary data.
        if head.starts(with: Array("ORC".utf8)), head.count > 3, head[3] < 0x20, head[3] != 0x0D {
            return .unreadable(.orc)
        }
        if head.count >= 262, head[257..<262].elementsEqual(Array("ustar".utf8)) { return .unreadable(.tar) }
        if looksLikeUTF16(head) { return .utf16 }
        return nil
    }

    private static let bzip2Block: [UInt8] = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]

    /// UTF-16 without a mark: in mostly Latin text every other byte is zero, always on the same side.
    private static func looksLikeUTF16(_ head: [UInt8]) -> Bool {
        let pairs = min(head.count, 64) / 2
        guard pairs >= 2 else { return false }
        let evenZeros = (0..<pairs).count { head[2 * $0] == 0 }
        let oddZeros = (0..<pairs).count { head[2 * $0 + 1] == 0 }
        return (evenZeros == 0 && 2 * oddZeros >= pairs) || (oddZeros == 0 && 2 * evenZeros >= pairs)
    }

    private static func byText(_ head: [UInt8]) -> RecognisedContent {
        var text = head[...]
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        if text.starts(with: RejectsFile.header) { return .rejects }
        text = text.drop { isBlank($0) }
        guard let first = text.first else { return .text }
        // A web page in one file, which some programs name .xls.
        if String(decoding: text.prefix(13), as: UTF8.self).lowercased() == "mime-version:" {
            return .unreadable(.html)
        }
        let second = text.dropFirst().first { !isBlank($0) }
        switch (first, second) {
        // A bracket may also begin the name of a column, [Customer ID]; a JSON array has no bare word there.
        case (UInt8(ascii: "["), UInt8(ascii: "{")), (UInt8(ascii: "["), UInt8(ascii: "[")),
            (UInt8(ascii: "["), UInt8(ascii: "\"")), (UInt8(ascii: "["), UInt8(ascii: "]")):
            return .unreadable(.json)
        case (UInt8(ascii: "{"), UInt8(ascii: "\"")), (UInt8(ascii: "{"), UInt8(ascii: "}")):
            return .unreadable(isJSONLines(text) ? .jsonLines : .json)
        case (UInt8(ascii: "<"), _):
            return markup(text)
        default:
            return .text
        }
    }

    /// Whether the first object ends on its first line, or that line is longer than the bytes at hand.
    private static func isJSONLines(_ text: ArraySlice<UInt8>) -> Bool {
        let line = text.prefix { $0 != UInt8(ascii: "\n") }
        if line.count == text.count { return true }
        return line.last { !isBlank($0) } == UInt8(ascii: "}")
    }

    private static func markup(_ text: ArraySlice<UInt8>) -> RecognisedContent {
        let lowercased = String(decoding: text.prefix(256), as: UTF8.self).lowercased()
        let tags = ["<html", "<!doctype html", "<table", "<head", "<body", "<meta", "<style", "<div", "<tr", "<!--"]
        if tags.contains(where: { lowercased.hasPrefix($0) }) { return .unreadable(.html) }
        if lowercased.hasPrefix("<?xml") || lowercased.hasPrefix("<!doctype") || lowercased.hasPrefix("<workbook") {
            return .unreadable(lowercased.contains("<html") ? .html : .xml)
        }
        return .text
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
            || byte == UInt8(ascii: "\r")
    }
}
