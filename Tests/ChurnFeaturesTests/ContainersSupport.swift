import ChurnFeatures
import Foundation
import Testing
import TestSupport

enum ContainersSupport {
    /// Whether the long forms are asked for.
    static var isSlow: Bool { ProcessInfo.processInfo.environment["CHURN_TEST_SLOW"] == "1" }

    /// The fields of all records with their lines, the header first, and the error that ended the reading.
    struct Table: Equatable {
        var rows: [[String]] = []
        var lines: [Int64] = []
        var error: ReadingError?
    }

    static func table(_ input: TransactionInput) -> Table {
        var read = Table()
        do throws(ReadingError) {
            var table = try CSVTable(input: input)
            read.rows.append(table.columns)
            read.lines.append(1)
            while try table.next() {
                read.rows.append(table.columns.indices.map { String(decoding: table.field($0), as: UTF8.self) })
                read.lines.append(table.line)
            }
        } catch {
            read.error = error
        }
        return read
    }

    /// The table of a file that holds one.
    static func table(at path: String) -> Table {
        do throws(ReadingError) {
            let found = try TransactionInputs.find(at: [path])
            guard let only = found.inputs.first, found.inputs.count == 1 else {
                return Table(error: .container(path: path, .severalMembers(found.inputs.count)))
            }
            return table(only)
        } catch {
            return Table(error: error)
        }
    }

    static func lines(_ input: TransactionInput) -> Reading {
        var reading = Reading()
        do throws(ReadingError) {
            var reader = try TransactionReader(input: input)
            do {
                while try reader.readBatch(maxLines: 1000, { reading.lines.append(ReadLine($0)) }) {}
            } catch {
                reading.error = error as? ReadingError
            }
            reading.report = reader.report
        } catch {
            reading.error = error
        }
        return reading
    }

    /// The error of finding and then reading all that is at the path as transactions; nil when there is none.
    static func readingError(at path: String) -> ReadingError? {
        do throws(ReadingError) {
            for input in try TransactionInputs.find(at: [path]).inputs {
                if let error = lines(input).error { return error }
            }
            return nil
        } catch {
            return error
        }
    }

    /// The error of finding and then reading all that is at the path as tables; nil when there is none.
    static func error(at path: String) -> ReadingError? {
        do throws(ReadingError) {
            for input in try TransactionInputs.find(at: [path]).inputs {
                if let error = table(input).error { return error }
            }
            return nil
        } catch {
            return error
        }
    }

    static func fault(at path: String) -> ContainerFault? {
        guard case .container(let named, let fault) = error(at: path) else { return nil }
        #expect(named.hasPrefix(path))
        return fault
    }

    /// Cuts a copy of the file at `path` shorter and shorter. In place, because a file system may wait for the disk when a
    /// file is replaced.
    static func forEachTruncation(of file: String, at path: String, _ body: (Int) throws -> Void) throws {
        let whole = try ReadingSupport.contents(file)
        try ReadingSupport.write(whole, to: path)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        for count in whole.indices.reversed() {
            try handle.truncate(atOffset: UInt64(count))
            try body(count)
        }
        try handle.close()
    }

    /// Flips each bit of a copy of the file at `path`, or one of each byte, and back again.
    static func forEachBitFlip(
        of file: String,
        at path: String,
        onePerByte: Bool = false,
        _ body: (Int) throws -> Void
    ) throws {
        let whole = try ReadingSupport.contents(file)
        try ReadingSupport.write(whole, to: path)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        for (offset, byte) in whole.enumerated() {
            for bit in 0..<8 where !onePerByte || bit == offset % 8 {
                try handle.seek(toOffset: UInt64(offset))
                try handle.write(contentsOf: [byte ^ (1 << bit)])
                try body(8 * offset + bit)
            }
            try handle.seek(toOffset: UInt64(offset))
            try handle.write(contentsOf: [byte])
        }
        try handle.close()
        #expect(try ReadingSupport.contents(path) == whole)
    }

    static func fixture(_ name: String) -> String { Surroundings.path("Tests/Fixtures/Files/\(name)") }

    /// A workbook of one sheet with these rows.
    static func workbook(
        at path: String,
        _ rows: [[WorkbookFile.Cell]],
        customFormats: [String] = [],
        is1904: Bool = false,
        replacing: [String: String] = [:],
        without: Set<String> = []
    ) throws {
        let file = try WorkbookFile(path: path, customFormats: customFormats, is1904: is1904)
        try file.beginSheet("Data")
        for row in rows { try file.addRow(row) }
        try file.finish(replacing: replacing, without: without)
    }
}

/// Each message is one line that begins with the name.
func expectOneLine(_ error: ReadingError?, _ name: String, at location: SourceLocation = #_sourceLocation) {
    let text = error?.description ?? ""
    #expect(text.hasPrefix(name) && !text.contains("\n") && text.count < 400, "\(text)", sourceLocation: location)
}
