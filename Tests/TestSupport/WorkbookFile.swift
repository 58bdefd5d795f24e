internal import Foundation

/// Writes Excel workbooks of one or several sheets, for tests, row by row and in bounded memory but for the shared texts.
package final class WorkbookFile {
    package enum Cell {
        /// No cell at all: the next one says where it is.
        case missing
        /// A cell without a value.
        case empty
        case shared(String)
        case inline(String)
        /// A number as it stands in the file.
        case number(String)
        /// A number in a cell style of `styles`.
        case styled(String, style: Int)
        /// What stands within `<row>`, as it is.
        case xml(String)
    }

    /// Formats of `styles.xml`, of which cell style 0 is General, 1 is 22 and the next are the custom ones.
    package static let dateStyle = 1

    private let path: String
    private let folder: TemporaryDirectory
    private let customFormats: [String]
    private let is1904: Bool
    private var sheets: [(name: String, state: String, file: String)] = []
    private var output: FileHandle?
    private var buffer: [UInt8] = []
    private var row = 0
    private var indices: [String: Int] = [:]
    private var texts: [String] = []
    private var references = 0

    package init(path: String, customFormats: [String] = [], is1904: Bool = false) throws {
        self.path = path
        self.customFormats = customFormats
        self.is1904 = is1904
        folder = try TemporaryDirectory()
    }

    /// - Parameter state: `visible`, `hidden` or `veryHidden`.
    package func beginSheet(_ name: String, state: String = "visible") throws {
        try endSheet()
        let file = "\(folder.path)/sheet\(sheets.count + 1).xml"
        guard FileManager.default.createFile(atPath: file, contents: nil) else {
            throw ZipFile.Failure(description: "\(file): cannot be made")
        }
        output = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
        sheets.append((name, state, file))
        row = 0
        append(Self.declaration + "<worksheet xmlns=\"\(Self.main)\"><sheetData>")
    }

    package func addRow(_ cells: [Cell]) throws {
        row += 1
        append("<row r=\"\(row)\">")
        for (index, cell) in cells.enumerated() {
            let place = "<c r=\"\(Self.column(index))\(row)\""
            switch cell {
            case .missing: break
            case .empty: append("\(place)/>")
            case .shared(let text): append("\(place) t=\"s\"><v>\(sharedIndex(text))</v></c>")
            case .inline(let text):
                append("\(place) t=\"inlineStr\"><is><t xml:space=\"preserve\">\(Self.escaped(text))</t></is></c>")
            case .number(let text): append("\(place)><v>\(text)</v></c>")
            case .styled(let text, let style): append("\(place) s=\"\(style)\"><v>\(text)</v></c>")
            case .xml(let text): append(text)
            }
        }
        append("</row>")
        if buffer.count > 1 << 18 { try flush() }
    }

    /// Leaves rows out.
    package func skipRows(_ count: Int) { row += count }

    /// All parts with their text, once the last row was added.
    package func allParts() throws -> [String: String] {
        try endSheet()
        var all = Dictionary(uniqueKeysWithValues: parts.map { ($0.name, $0.text) })
        for (index, sheet) in sheets.enumerated() {
            all["xl/worksheets/sheet\(index + 1).xml"] = try String(contentsOfFile: sheet.file, encoding: .utf8)
        }
        return all
    }

    /// Writes the archive. To be called once.
    ///
    /// - Parameter replacing: parts that are to have another content.
    package func finish(replacing: [String: String] = [:], without: Set<String> = []) throws {
        try endSheet()
        var members: [ZipFile.Member] = parts.map { ZipFile.Member($0.name, replacing[$0.name] ?? $0.text) }
        for (index, sheet) in sheets.enumerated() {
            let name = "xl/worksheets/sheet\(index + 1).xml"
            members.append(replacing[name].map { ZipFile.Member(name, $0) } ?? ZipFile.Member(name, file: sheet.file))
        }
        members += replacing.filter { part in !members.contains { $0.name == part.key } }.sorted { $0.key < $1.key }
            .map { ZipFile.Member($0.key, $0.value) }
        try ZipFile.write(members.filter { !without.contains($0.name) }, to: path)
    }

    private static let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
    private static let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    private static let relationships = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    private static let package = "http://schemas.openxmlformats.org/package/2006"

    private var parts: [(name: String, text: String)] {
        let numbers = sheets.indices.map { $0 + 1 }
        let sheetList = zip(numbers, sheets).map { number, sheet in
            "<sheet name=\"\(Self.escaped(sheet.name))\" sheetId=\"\(number)\" state=\"\(sheet.state)\" r:id=\"rId\(number)\"/>"
        }
        let targets =
            numbers.map { ("rId\($0)", "worksheet", "worksheets/sheet\($0).xml") }
            + [("rIdStyles", "styles", "styles.xml"), ("rIdTexts", "sharedStrings", "sharedStrings.xml")]
        return [
            (
                "[Content_Types].xml",
                "<Types xmlns=\"\(Self.package)/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"
            ),
            (
                "_rels/.rels",
                relationshipList([("rId1", "officeDocument", "xl/workbook.xml")])
            ),
            (
                "xl/workbook.xml",
                "<workbook xmlns=\"\(Self.main)\" xmlns:r=\"\(Self.relationships)\">"
                    + "<workbookPr\(is1904 ? " date1904=\"1\"" : "")/><sheets>\(sheetList.joined())</sheets></workbook>"
            ),
            ("xl/_rels/workbook.xml.rels", relationshipList(targets)),
            ("xl/styles.xml", styles),
            (
                "xl/sharedStrings.xml",
                "<sst xmlns=\"\(Self.main)\" count=\"\(references)\" uniqueCount=\"\(texts.count)\">"
                    + texts.map { "<si><t xml:space=\"preserve\">\(Self.escaped($0))</t></si>" }.joined() + "</sst>"
            ),
        ].map { ($0.0, Self.declaration + $0.1) }
    }

    private var styles: String {
        let formats = customFormats.enumerated().map {
            "<numFmt numFmtId=\"\(164 + $0.offset)\" formatCode=\"\(Self.escaped($0.element))\"/>"
        }
        let ids = [0, 22] + customFormats.indices.map { 164 + $0 }
        return "<styleSheet xmlns=\"\(Self.main)\"><numFmts>\(formats.joined())</numFmts>"
            + "<cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>"
            + "<cellXfs>\(ids.map { "<xf numFmtId=\"\($0)\" xfId=\"0\"/>" }.joined())</cellXfs></styleSheet>"
    }

    private func relationshipList(_ items: [(id: String, type: String, target: String)]) -> String {
        "<Relationships xmlns=\"\(Self.package)/relationships\">"
            + items.map {
                "<Relationship Id=\"\($0.id)\" Type=\"\(Self.relationships)/\($0.type)\" Target=\"\($0.target)\"/>"
            }.joined() + "</Relationships>"
    }

    private func sharedIndex(_ text: String) -> Int {
        references += 1
        if let index = indices[text] { return index }
        indices[text] = texts.count
        texts.append(text)
        return texts.count - 1
    }

    private func endSheet() throws {
        guard output != nil else { return }
        append("</sheetData></worksheet>")
        try flush()
        try output?.close()
        output = nil
    }

    private func append(_ text: String) { buffer += text.utf8 }

    private func flush() throws {
        try output?.write(contentsOf: buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// The letters of a column, from 0.
    package static func column(_ index: Int) -> String {
        var letters: [Character] = []
        var rest = index + 1
        while rest > 0 {
            letters.append(Character(UnicodeScalar(UInt8(65 + (rest - 1) % 26))))
            rest = (rest - 1) / 26
        }
        return String(letters.reversed())
    }

    package static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x26 || $0 == 0x3C || $0 == 0x3E || $0 == 0x22 || $0 == 0x0D }) else {
            return text
        }
        return text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("\r", with: "_x000D_")
    }
}
