import ChurnFeatures
import Foundation
import Testing
import TestSupport

/// The first 20,000 lines of the real data set; with CHURN_TEST_SLOW=1 all of them.
@Suite("Containers: the real data set as a workbook and in an archive")
struct ContainersRealDataTests {
    private let folder: TemporaryDirectory
    private let csv: String
    private let workbook: String

    init() throws {
        folder = try TemporaryDirectory()
        csv = folder.path + "/data.csv"
        workbook = folder.path + "/data.xlsx"
    }

    private static var lineLimit: Int { ContainersSupport.isSlow ? .max : 20_000 }

    /// Writes the lines once as CSV and once as a workbook, as Excel stores what it is given: numbers, also codes that are
    /// numbers, with all 17 digits, days as serials, and texts once each.
    private func write() throws {
        let file = try WorkbookFile(path: workbook)
        try file.beginSheet("Online Retail")
        #expect(FileManager.default.createFile(atPath: csv, contents: nil))
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: csv))
        var lines = 0
        for path in try Surroundings.transactions() {
            var table = try CSVTable(path: path)
            let columns = table.columns
            let dateColumn = try #require(columns.firstIndex(of: "InvoiceDate"))
            if lines == 0 {
                try file.addRow(columns.map { .shared($0) })
                try output.write(contentsOf: Array((columns.joined(separator: ",") + "\n").utf8))
            }
            while lines < Self.lineLimit, try table.next() {
                lines += 1
                let fields = columns.indices.map { String(decoding: table.field($0), as: UTF8.self) }
                let line = fields.map { $0.contains(",") || $0.contains("\"") ? "\"\($0)\"" : $0 }.joined(
                    separator: ","
                )
                try output.write(contentsOf: Array((line + "\n").utf8))
                try file.addRow(
                    fields.enumerated().map { index, field in
                        index == dateColumn ? Self.date(field) : Self.cell(field.replacing("\"\"", with: "\""))
                    }
                )
            }
        }
        try output.close()
        try file.finish()
        #expect(lines == min(Self.lineLimit, 541_909))
    }

    private static func cell(_ field: String) -> WorkbookFile.Cell {
        guard !field.isEmpty else { return .missing }
        if let whole = Int64(field), "\(whole)" == field { return .number(field) }
        if let value = Double(field), field.contains("."), value.description == field || "\(value)" == field + "0" {
            return .number(String(format: "%.17g", value))
        }
        return .shared(field)
    }

    /// `12/1/2010 8:26` as a serial.
    private static func date(_ field: String) -> WorkbookFile.Cell {
        let numbers = field.split { "/ :".contains($0) }.compactMap { Int($0) }
        let days = CivilTime.days(year: numbers[2], month: numbers[0], day: numbers[1]) + 25_569
        let serial = Double(days) + Double(60 * numbers[3] + numbers[4]) / 1440
        return .styled(String(format: "%.17g", serial), style: WorkbookFile.dateStyle)
    }

    /// What distinguishes two readings, without keeping their lines.
    private struct Digest: Equatable {
        var kept = 0
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var reasons: [String] = []

        init(_ input: TransactionInput) throws {
            var reader = try TransactionReader(
                input: input,
                // The first lines do not prove it.
                layout: input.worksheet == nil ? ReadingLayout(text: "dates: mdy") : ReadingLayout()
            )
            var count = 0
            var hash = self.hash
            var hasMore = true
            while hasMore {
                hasMore = try reader.readBatch(maxLines: 10_000) { line in
                    count += 1
                    for text in [line.invoice, line.stockCode, line.description, line.country] {
                        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
                        hash = (hash ^ 0xFF) &* 0x100_0000_01B3
                    }
                    for number in [line.customer, line.minute, line.quantityMilli, line.amountMilli, Int64(line.copy)] {
                        hash = (hash ^ UInt64(bitPattern: number)) &* 0x100_0000_01B3
                    }
                }
            }
            kept = count
            self.hash = hash
            reasons = reader.report.counts.rejectedReasons.map { "\($0.reason.name) \($0.lines)" }
        }
    }

    @Test("the workbook and the archive give the lines that the CSV gives")
    func sameLines() throws {
        try write()
        let plain = try #require(try TransactionInputs.find(at: [csv]).inputs.first)
        let expected = try Digest(plain)
        #expect(expected.kept > 0)
        if ContainersSupport.isSlow { #expect(expected.kept == 406_829 && expected.reasons == ["no_customer 135080"]) }
        let sheet = try #require(try TransactionInputs.find(at: [workbook]).inputs.first)
        #expect(try Digest(sheet) == expected)

        let archive = folder.path + "/data.zip"
        try ZipFile.write([ZipFile.Member("export/data.csv", file: csv)], to: archive)
        let member = try #require(try TransactionInputs.find(at: [archive]).inputs.first)
        #expect(try Digest(member) == expected)
    }
}
