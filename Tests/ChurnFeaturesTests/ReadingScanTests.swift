import ChurnFeatures
import Foundation
import TestSupport
import Testing

/// The scanner looks at 64 bytes at a time; this is what it must find, one byte at a time.
@Suite("Reading: fields")
struct ReadingScanTests {
    /// A record as it stands in a file, and its fields without outer quotes and blanks.
    private static func record(_ generator: inout SplitMix64, columns: Int) -> (text: String, fields: [String]) {
        var texts: [String] = []
        var fields: [String] = []
        for column in 0..<columns {
            // Lengths around the ends of blocks; the first field is never empty, or a blank line might come of it.
            let length =
                Int.random(in: 0...4, using: &generator) == 0
                ? Int.random(in: 56...140, using: &generator)
                : Int.random(in: column == 0 ? 1...9 : 0...9, using: &generator)
            let pieces = (0..<length).map { _ in ["a", "7", "\"", "é", "."].randomElement(using: &generator) ?? "a" }
            var text = pieces.joined()
            if Int.random(in: 0..<6, using: &generator) == 0 {
                // Commas and line ends within quotes, doubled quotes.
                text =
                    [",", "\n", "\r\n", "\"\"", ",\""].randomElement(using: &generator)
                    .map { "x" + text + $0 + "y" } ?? text
                let escaped = text.replacing("\"", with: "\"\"")
                texts.append("\"" + escaped + "\"")
                // The table leaves doubled quotes as they are.
                fields.append(escaped)
            } else {
                // A quote that does not open a field is text.
                if text.hasPrefix("\"") { text = "q" + text }
                texts.append(text)
                fields.append(text)
            }
        }
        return (texts.joined(separator: ","), fields)
    }

    @Test("fields of any length and quoting, at any place of a block", arguments: 0..<60 as Range<UInt64>)
    func fields(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let columns = Int.random(in: 1...(seed % 5 == 0 ? 256 : 12), using: &generator)
        let records = (0..<40).map { _ in Self.record(&generator, columns: columns) }
        let lineEnd = Bool.random(using: &generator) ? "\n" : "\r\n"
        let header = (0..<columns).map { "c\($0)" }.joined(separator: ",")
        var text = ([header] + records.map(\.text)).joined(separator: lineEnd)
        if Bool.random(using: &generator) { text += lineEnd }
        let directory = try TemporaryDirectory()
        let path = directory.path + "/table.csv"
        try Data(text.utf8).write(to: URL(filePath: path))
        var table = try CSVTable(path: path)
        #expect(table.columns.count == columns)
        for (number, record) in records.enumerated() {
            try #require(try table.next(), "seed \(seed), record \(number)")
            let found = (0..<columns).map { String(decoding: table.field($0), as: UTF8.self) }
            try #require(found == record.fields, "seed \(seed), record \(number)")
        }
        #expect(try !table.next())
    }
}
