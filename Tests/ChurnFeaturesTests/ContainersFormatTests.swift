import ChurnFeatures
import Foundation
import Testing
import TestSupport

@Suite("Containers: a file is recognised by its content")
struct ContainersFormatTests {
    private static func utf16(_ text: String, isBigEndian: Bool) -> [UInt8] {
        text.utf16.flatMap {
            let pair = [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
            return isBigEndian ? pair.reversed() : pair
        }
    }

    private static let foreign: [(InputFormat, [UInt8])] = [
        (.parquet, Array("PAR1".utf8) + [0x15, 0x04, 0x15] + Array("PAR1".utf8)),
        (.jsonLines, Array("{\"InvoiceNo\":\"1\"}\n{\"InvoiceNo\":\"2\"}\n".utf8)),
        (.jsonLines, Array("{\"InvoiceNo\":\"1\"}".utf8)),
        (.json, Array("{\n  \"orders\": [\n".utf8)),
        (.json, Array(" \n[ {\"InvoiceNo\":\"1\"}]".utf8)),
        (.json, Array("[[1,2],[3,4]]".utf8)),
        (.html, Array("<html><table><tr><td>InvoiceNo</td></tr></table></html>".utf8)),
        (.html, [0xEF, 0xBB, 0xBF] + Array("\r\n<!DOCTYPE HTML><HTML>".utf8)),
        (.html, Array("<TABLE border=1><tr>".utf8)),
        (
            .xml,
            Array("<?xml version=\"1.0\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">".utf8)
        ),
        (.ole, [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 0, 0]),
        (.pdf, Array("%PDF-1.7\n".utf8)),
        (.orc, Array("ORC".utf8) + [0x0A, 0x0B, 0x0A]),
        (.avro, Array("Obj".utf8) + [1, 4, 0x16]),
        (.html, Array("MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n".utf8)),
        (.arrow, Array("ARROW1".utf8) + [0, 0, 0xFF]),
        (.sqlite, Array("SQLite format 3".utf8) + [0, 0x10, 0]),
        (.bzip2, Array("BZh9".utf8) + [0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 1]),
        (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0, 4]),
        (.zstandard, [0x28, 0xB5, 0x2F, 0xFD, 4]),
        (.lz4, [0x04, 0x22, 0x4D, 0x18, 0x64]),
        (.sevenZip, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0]),
        (.rar, Array("Rar!".utf8) + [0x1A, 0x07, 0]),
        (.tar, Array("orders.csv".utf8) + [UInt8](repeating: 0, count: 247) + Array("ustar".utf8) + [0, 0x30, 0x30]),
    ]

    @Test("a foreign format is refused by name with a way to convert it, whatever it is called", arguments: foreign)
    func refuses(format: InputFormat, bytes: [UInt8]) throws {
        let folder = try TemporaryDirectory()
        for name in ["orders.csv", "orders.xlsx", "orders"] {
            let path = "\(folder.path)/\(name)"
            for content in [bytes, ReadingSupport.gzip(bytes)] {
                try ReadingSupport.write(content, to: path)
                let error = ContainersSupport.error(at: path)
                #expect(error == .unreadableFormat(path: path, format))
                expectOneLine(error, "\(path): is \(format.name); \(format.conversion)")
            }
        }
        // In memory, and as a member of an archive.
        #expect(ReadingSupport.read(bytes).error == .unreadableFormat(path: "test.csv", format))
        let archive = folder.path + "/a.zip"
        try ZipFile.write([ZipFile.Member("x/orders.csv", bytes)], to: archive)
        #expect(ContainersSupport.error(at: archive) == .unreadableFormat(path: archive + "/x/orders.csv", format))
    }

    @Test("every format has a name and a way to convert it of its own kind", arguments: InputFormat.allCases)
    func names(format: InputFormat) {
        #expect(!format.name.isEmpty && !format.conversion.isEmpty && !format.conversion.contains("\n"))
        let isTested = Self.foreign.contains { $0.0 == format }
        #expect(isTested || [.binaryWorkbook, .openDocument, .officeDocument].contains(format))
    }

    @Test("UTF-16 is refused with and without a mark, and in gzip", arguments: [true, false], [true, false])
    func utf16(isBigEndian: Bool, hasMark: Bool) {
        let text = (hasMark ? "\u{FEFF}" : "") + ReadingSupport.header + ReadingSupport.line()
        let bytes = Self.utf16(text, isBigEndian: isBigEndian)
        #expect(ReadingSupport.read(bytes).error == .utf16(path: "test.csv"))
        #expect(ReadingSupport.read(ReadingSupport.gzip(bytes)).error == .utf16(path: "test.csv"))
    }

    @Test(
        "text that begins like another format is text",
        arguments: [
            "[Customer ID],[Date]\n", "{id},b\n", "[a],b\n", "<5,b\n", "<customer>,b\n", "ORC,b\n", "PAR,b\n",
            "PK,b\n", "BZh,b\n", "Obj,b\n", "Rar!\n", "%PDF,b\n", "%,b\n", "(a),b\n", "a\n", "é,b\n",
        ]
    )
    func text(header: String) throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/x.csv"
        try ReadingSupport.write(Array(header.utf8), to: path)
        let table = ContainersSupport.table(at: path)
        #expect(table.error == nil && table.rows == [header.dropLast().split(separator: ",").map(String.init)])
    }

    @Test(
        "the small inputs are refused by content",
        arguments: [
            ("62-html-as.xls", InputFormat.html), ("35-jsonl.jsonl", .jsonLines), ("36-parquet.parquet", .parquet),
        ]
    )
    func fixtures(name: String, format: InputFormat) {
        let path = ContainersSupport.fixture(name)
        #expect(ContainersSupport.error(at: path) == .unreadableFormat(path: path, format))
    }

    @Test("a zip archive in memory or from a pipe is refused, and one in gzip")
    func unseekable() throws {
        let bytes = try ReadingSupport.contents(ContainersSupport.fixture("60-archive.zip"))
        #expect(ReadingSupport.read(bytes).error == .zipArchive(path: "test.csv"))
        let nested = ReadingError.container(path: "test.csv", .nestedArchive(member: "test.csv"))
        #expect(ReadingSupport.read(ReadingSupport.gzip(bytes)).error == nested)
        let twice = ReadingSupport.gzip(ReadingSupport.gzip(Array("a,b\n".utf8)))
        #expect(ReadingSupport.read(twice).error == nested)
        expectOneLine(nested, "test.csv: ")
    }
}
