/// A worksheet as the bytes of a CSV file, made while its XML is read, in bounded memory.
///
/// Line `n` is row `n`: rows without a value are blank lines. Every line has as many fields as the first with at least three
/// values, which is the header or, where there is a title above it, comes after that; unless it has values beyond them. Dates are `yyyy-MM-dd HH:mm:ss`, truth values TRUE and FALSE. An error such as #N/A is
/// empty, as is a formula whose value the workbook does not hold: neither may pass for a customer, an invoice or a product.
struct WorksheetText: ~Copyable {
    private let events: WorksheetEvents
    private let reader: XMLReader
    private let path: String
    private let xml: UnsafeMutableRawBufferPointer
    private var xmlRange = 0..<0
    private var position = 0
    private var isFinished = false
    private var failure: ReadingError?

    init(_ worksheet: Worksheet, _ context: CellContext, path: String) throws(ReadingError) {
        events = WorksheetEvents(part: worksheet.member.name, context: context)
        guard let reader = XMLReader(part: worksheet.member.name, events: events) else {
            throw .container(path: path, .damagedPart(part: worksheet.member.name, reason: "no memory"))
        }
        self.reader = reader
        self.path = path
        xml = .allocate(byteCount: 64 << 10, alignment: 16)
    }

    deinit { xml.deallocate() }

    /// The number of bytes made; 0 at the end. An error is given once everything before it was.
    mutating func read(
        into target: UnsafeMutableRawBufferPointer,
        from raw: inout RawInput
    ) throws(ReadingError) -> Int {
        while position == events.completeBytes {
            if let failure { throw failure }
            if isFinished { return 0 }
            events.discardComplete()
            position = 0
            do throws(ReadingError) {
                try parseSome(from: &raw)
            } catch {
                failure = error
            }
        }
        let count = min(target.count, events.completeBytes - position)
        events.output.withUnsafeBytes {
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position...].prefix(count)))
        }
        position += count
        return count
    }

    /// Parses one slice of XML: a few bytes of XML may stand for a long text.
    private mutating func parseSome(from raw: inout RawInput) throws(ReadingError) {
        if xmlRange.isEmpty { xmlRange = 0..<(try raw.read(into: xml)) }
        let slice = xmlRange.prefix(ContainerLimits.xmlSliceBytes)
        do throws(ContainerFault) {
            try reader.parse(UnsafeRawBufferPointer(rebasing: xml[slice]))
            if slice.isEmpty, !events.hasSheetData {
                throw .damagedPart(part: events.part, reason: "it has no rows, and no place for them")
            }
        } catch {
            throw .container(path: path, error)
        }
        isFinished = slice.isEmpty
        xmlRange = slice.endIndex..<xmlRange.endIndex
    }
}

/// Turns rows into lines of CSV.
private final class WorksheetEvents: XMLEvents {
    private enum CellType { case number, shared, text, truth, error, date }

    let part: String
    private let context: CellContext
    /// Whole lines up to `completeBytes`, then the current one.
    private(set) var output: [UInt8] = []
    private(set) var completeBytes = 0
    private(set) var hasSheetData = false

    private var isInSheetData = false
    private var isInRow = false
    private var isInCell = false
    private var isInInlineText = false
    private var isInPhonetic = false
    /// The current or last row, from 1, and column, from 0.
    private var row: Int64 = 0
    private var column = -1
    /// Fields of a line; nil before the first line with `headerValues` values.
    private var width: Int?
    /// Where the last field with a value ends, and the number of fields up to it.
    private var valueEnd = 0
    private var fieldsWithValues = 0
    private var values = 0
    /// No fewer columns are needed: a customer, a date and an amount.
    private static let headerValues = 3
    /// Fields begun in the current line.
    private var fields = 0

    private var cellType = CellType.number
    private var cellStyle = NumberStyle.number
    private var value: [UInt8] = []

    init(part: String, context: CellContext) {
        self.part = part
        self.context = context
    }

    func discardComplete() {
        output.removeFirst(completeBytes)
        valueEnd -= completeBytes
        completeBytes = 0
    }

    override func start(_ name: XMLName, _ attributes: XMLAttributes) {
        if name == "c", isInRow {
            startCell(attributes)
        } else if name == "v", isInCell {
            wantsText = true
        } else if name == "row", isInSheetData {
            startRow(attributes)
        } else if name == "t", isInInlineText {
            wantsText = !isInPhonetic
        } else if name == "is", isInCell {
            isInInlineText = true
        } else if name == "rPh" {
            isInPhonetic = true
        } else if name == "sheetData" {
            isInSheetData = true
            hasSheetData = true
        }
    }

    override func text(_ piece: UnsafeBufferPointer<UInt8>) {
        value.append(contentsOf: piece)
        if value.count > ContainerLimits.cellBytes { fault = .cellTooLong(cell: place) }
    }

    override func end(_ name: XMLName) {
        if name == "v" || name == "t" {
            wantsText = false
        } else if name == "c" {
            if isInCell { endCell() }
        } else if name == "row" {
            if isInRow { endRow() }
        } else if name == "is" {
            isInInlineText = false
        } else if name == "rPh" {
            isInPhonetic = false
        } else if name == "sheetData" {
            isInSheetData = false
        }
    }

    private func startRow(_ attributes: XMLAttributes) {
        guard !isInRow else {
            fault = .damagedPart(part: part, reason: "a row lies within row \(row)")
            return
        }
        isInRow = true
        var number = row + 1
        if let text = attributes.value("r") {
            guard let given = Int64(text), given >= number else {
                fault = .damagedPart(part: part, reason: "the rows are not in their order after row \(row)")
                return
            }
            number = given
        }
        guard number <= ContainerLimits.sheetRows else {
            fault = .damagedPart(part: part, reason: "there are more than \(ContainerLimits.sheetRows) rows")
            return
        }
        output.append(contentsOf: repeatElement(UInt8(ascii: "\n"), count: Int(number - row - 1)))
        completeBytes = output.count
        row = number
        column = -1
        fields = 0
        fieldsWithValues = 0
        values = 0
        valueEnd = output.count
    }

    private func endRow() {
        isInRow = false
        output.removeLast(output.count - valueEnd)
        if fieldsWithValues > 0 {
            if width == nil, values >= Self.headerValues { width = fieldsWithValues }
            let width = width ?? fieldsWithValues
            output.append(contentsOf: repeatElement(UInt8(ascii: ","), count: max(0, width - fieldsWithValues)))
        }
        if output.count - completeBytes > ReadingLimits.recordBytes {
            // The reader rejects the line as too long, provided that it has no line end within.
            for index in completeBytes..<output.count where output[index] == UInt8(ascii: "\n") {
                output[index] = UInt8(ascii: " ")
            }
        }
        output.append(UInt8(ascii: "\n"))
        completeBytes = output.count
    }

    private func startCell(_ attributes: XMLAttributes) {
        guard !isInCell else {
            fault = .damagedPart(part: part, reason: "a cell lies within cell \(place)")
            return
        }
        var index = column + 1
        if let reference = attributes.bytes("r") {
            guard let given = Self.column(of: reference), given >= index else {
                fault = .damagedPart(part: part, reason: "the cells of row \(row) are not in their order")
                return
            }
            index = given
        }
        guard index < ContainerLimits.sheetColumns else {
            fault = .damagedPart(part: part, reason: "row \(row) has more than \(ContainerLimits.sheetColumns) columns")
            return
        }
        column = index
        isInCell = true
        value.removeAll(keepingCapacity: true)
        cellType = attributes.bytes("t").map(Self.type) ?? .number
        cellStyle = .number
        if cellType == .number, let style = attributes.bytes("s").flatMap(Self.integer), style < context.styles.count {
            cellStyle = context.styles[style]
        }
    }

    private func endCell() {
        isInCell = false
        // A line beyond the reader's limit takes no more fields: it will be rejected.
        guard !value.isEmpty, cellType != .error, output.count - completeBytes <= ReadingLimits.recordBytes else {
            return
        }
        // The first field has no comma before it.
        output.append(contentsOf: repeatElement(UInt8(ascii: ","), count: column + 1 - max(1, fields)))
        fields = column + 1
        let start = output.count
        appendValue()
        if output.count > start {
            valueEnd = output.count
            fieldsWithValues = fields
            values += 1
        }
    }

    private func appendValue() {
        switch cellType {
        case .shared:
            guard let index = Self.integer(value), let field = context.strings.field(index) else {
                fault = .damagedPart(part: part, reason: "cell \(place) refers to a text that is not there")
                return
            }
            output.append(contentsOf: field)
        case .number:
            if cellStyle != .number, let serial = Double(String(decoding: value, as: UTF8.self)),
                SerialDate.append(serial, context.dateSystem, isTimeOnly: cellStyle == .time, to: &output)
            {
                return
            }
            CellText.appendNumber(&value, to: &output)
        case .truth:
            output += Array((value == [UInt8(ascii: "0")] ? "FALSE" : "TRUE").utf8)
        case .date:
            // ISO 8601, with a T between the day and the time.
            if value.count > 10, value[10] == UInt8(ascii: "T") { value[10] = UInt8(ascii: " ") }
            CellText.appendField(&value, to: &output)
        case .error: break
        case .text:
            CellText.appendField(&value, to: &output)
        }
    }

    /// The cell as a person finds it, `C5`.
    private var place: String {
        var letters = ""
        var rest = column + 1
        while rest > 0 {
            letters = String(UnicodeScalar(UInt8(ascii: "A") + UInt8((rest - 1) % 26))) + letters
            rest = (rest - 1) / 26
        }
        return "\(letters)\(row)"
    }

    /// The column of a reference like C5, from 0; nil for what is none.
    private static func column(of reference: UnsafePointer<CChar>) -> Int? {
        var column = 0
        var next = reference
        while let letter = letterValue(UInt8(bitPattern: next.pointee)) {
            column = column * 26 + letter
            guard column <= ContainerLimits.sheetColumns else { return nil }
            next += 1
        }
        return column > 0 ? column - 1 : nil
    }

    private static func letterValue(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(byte - UInt8(ascii: "A")) + 1
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(byte - UInt8(ascii: "a")) + 1
        default: nil
        }
    }

    private static func type(_ text: UnsafePointer<CChar>) -> CellType {
        let first = UInt8(bitPattern: text[0])
        let second = first == 0 ? 0 : UInt8(bitPattern: text[1])
        switch (first, second) {
        case (UInt8(ascii: "s"), 0): return .shared
        // "str", the text that a formula gives, and "inlineStr".
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "i"), _): return .text
        case (UInt8(ascii: "b"), 0): return .truth
        case (UInt8(ascii: "e"), 0): return .error
        case (UInt8(ascii: "d"), 0): return .date
        default: return .number
        }
    }

    private static func integer(_ text: UnsafePointer<CChar>) -> Int? {
        var value = 0
        var next = text
        while let digit = digitValue(UInt8(bitPattern: next.pointee)), next - text < 10 {
            value = value * 10 + digit
            next += 1
        }
        return next > text && next.pointee == 0 ? value : nil
    }

    private static func integer(_ text: [UInt8]) -> Int? {
        guard !text.isEmpty, text.count <= 10 else { return nil }
        var value = 0
        for byte in text {
            guard let digit = digitValue(byte) else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    private static func digitValue(_ byte: UInt8) -> Int? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int(byte - UInt8(ascii: "0")) : nil
    }
}
