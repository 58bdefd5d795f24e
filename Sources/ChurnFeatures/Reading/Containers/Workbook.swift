/// The parts of an Excel workbook (ECMA-376) that are needed to read its cells.
struct Workbook {
    let worksheets: [Worksheet]
    /// Sheets that cannot be read or are hidden, in the order of the workbook.
    let others: [(name: String, reason: SkippedInput.Reason)]
    fileprivate let dateSystem: SerialDate.System
    fileprivate let styles: ArchiveMember?
    fileprivate let sharedStrings: ArchiveMember?

    /// Whether the archive is an Office document, of whatever kind.
    static func isPackage(_ archive: ZipArchive) throws(ReadingError) -> Bool {
        let hasTypes = try archive.member(named: "[Content_Types].xml") != nil
        let hasRelationships = try archive.member(named: "_rels/.rels") != nil
        return hasTypes && hasRelationships
    }

    /// Finds the parts. Reads only those that list others.
    init(_ archive: ZipArchive) throws(ReadingError) {
        let top = try Relationships(archive, of: "")
        guard let main = top.first(ofType: "/officeDocument") else {
            throw .unreadableFormat(path: archive.name, .officeDocument)
        }
        if main.hasSuffix(".bin") { throw .unreadableFormat(path: archive.name, .binaryWorkbook) }
        let part = try archive.part(main)
        let events = WorkbookEvents(part: part.name)
        try archive.parse(part, events)
        guard events.isWorkbook else { throw .unreadableFormat(path: archive.name, .officeDocument) }
        let relationships = try Relationships(archive, of: main)
        var worksheets: [Worksheet] = []
        var others: [(name: String, reason: SkippedInput.Reason)] = []
        for sheet in events.sheets {
            guard let target = relationships.target(of: sheet.relationship, type: "/worksheet") else {
                others.append((sheet.name, .notAWorksheet))
                continue
            }
            guard !sheet.isHidden else {
                others.append((sheet.name, .hiddenWorksheet))
                continue
            }
            worksheets.append(Worksheet(name: sheet.name, member: try archive.part(target)))
        }
        self.worksheets = worksheets
        self.others = others
        dateSystem = events.dateSystem
        styles = try relationships.member(ofType: "/styles", in: archive)
        sharedStrings = try relationships.member(ofType: "/sharedStrings", in: archive)
        try archive.checkSizes([part] + [styles, sharedStrings].compactMap(\.self) + worksheets.map(\.member))
    }

    /// The worksheet to read: the named one, or the first.
    func worksheet(_ name: String?, in archive: ZipArchive) throws(ReadingError) -> Worksheet {
        guard let name else {
            guard let first = worksheets.first else { throw .container(path: archive.name, .noWorksheet) }
            return first
        }
        guard let named = worksheets.first(where: { $0.name == name }) else {
            let found = worksheets.map { messageText($0.name) }
            throw .container(path: archive.name, .unknownWorksheet(name: messageText(name), found: found))
        }
        return named
    }

    /// Reads the styles and shared texts that cells refer to.
    func cellContext(_ archive: ZipArchive) throws(ReadingError) -> CellContext {
        let styleEvents = StyleEvents(part: styles?.name ?? "")
        if let styles { try archive.parse(styles, styleEvents) }
        let stringEvents = SharedStringsEvents()
        if let sharedStrings { try archive.parse(sharedStrings, stringEvents) }
        return CellContext(dateSystem: dateSystem, styles: styleEvents.cellStyles, strings: stringEvents.strings)
    }
}

extension ZipArchive {
    /// A part that another part refers to.
    fileprivate func part(_ partName: String) throws(ReadingError) -> ArchiveMember {
        guard let part = try member(named: partName) else {
            throw .container(path: name, .damagedPart(part: messageText(partName), reason: "it is missing"))
        }
        return part
    }
}

/// The styles and shared texts that the cells of a worksheet refer to.
struct CellContext {
    let dateSystem: SerialDate.System
    let styles: [NumberStyle]
    let strings: SharedStrings
}

/// The parts that one part refers to.
private struct Relationships {
    struct Item {
        var id: String
        var type: String
        /// The name of the part, from the root.
        var target: String
    }

    private let items: [Item]

    /// - Parameter part: the name of a part; empty for the package itself.
    init(_ archive: ZipArchive, of part: String) throws(ReadingError) {
        let slash = part.lastIndex(of: "/")
        let folder = slash.map { String(part[...$0]) } ?? ""
        let file = slash.map { String(part[part.index(after: $0)...]) } ?? part
        guard let member = try archive.member(named: "\(folder)_rels/\(file).rels") else {
            items = []
            return
        }
        let events = RelationshipEvents(part: member.name, folder: folder)
        try archive.checkSizes([member])
        try archive.parse(member, events)
        items = events.items
    }

    func first(ofType suffix: String) -> String? { items.first { $0.type.hasSuffix(suffix) }?.target }

    func target(of id: String, type suffix: String) -> String? {
        items.first { $0.id == id && $0.type.hasSuffix(suffix) }?.target
    }

    func member(ofType suffix: String, in archive: ZipArchive) throws(ReadingError) -> ArchiveMember? {
        guard let target = first(ofType: suffix) else { return nil }
        return try archive.part(target)
    }

    /// Resolves a target against the folder of the part that names it.
    static func resolve(_ target: String, in folder: String) -> String {
        var parts: [Substring] = []
        for part in (target.hasPrefix("/") ? target : folder + target).split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}

private final class RelationshipEvents: XMLEvents {
    private let part: String
    private let folder: String
    private(set) var items: [Relationships.Item] = []

    init(part: String, folder: String) {
        self.part = part
        self.folder = folder
    }

    override func start(_ name: XMLName, _ attributes: XMLAttributes) {
        guard name == "Relationship", let id = attributes.value("Id"), let type = attributes.value("Type"),
            let target = attributes.value("Target"), attributes.value("TargetMode") != "External"
        else { return }
        guard items.count < ContainerLimits.workbookItems else {
            fault = .tooManyItems(part: part)
            return
        }
        items.append(Relationships.Item(id: id, type: type, target: Relationships.resolve(target, in: folder)))
    }
}

private final class WorkbookEvents: XMLEvents {
    struct Sheet {
        var name: String
        var relationship: String
        var isHidden: Bool
    }

    private let part: String
    private(set) var sheets: [Sheet] = []
    private(set) var dateSystem = SerialDate.System.from1900
    private(set) var isWorkbook = false

    init(part: String) { self.part = part }

    override func start(_ name: XMLName, _ attributes: XMLAttributes) {
        if name == "workbook" {
            isWorkbook = true
        } else if name == "workbookPr" {
            if let value = attributes.value("date1904"), value == "1" || value == "true" { dateSystem = .from1904 }
        } else if name == "sheet", let title = attributes.value("name") {
            guard sheets.count < ContainerLimits.workbookItems else {
                fault = .tooManyItems(part: part)
                return
            }
            let state = attributes.value("state") ?? "visible"
            let relationship = attributes.value("id", prefixed: true) ?? ""
            sheets.append(Sheet(name: title, relationship: relationship, isHidden: state != "visible"))
        }
    }
}

/// Reads `styles.xml`: which cell styles make dates of numbers.
private final class StyleEvents: XMLEvents {
    private let part: String
    private(set) var cellStyles: [NumberStyle] = []
    private var custom: [Int: NumberStyle] = [:]
    private var isInCellFormats = false

    init(part: String) { self.part = part }

    override func start(_ name: XMLName, _ attributes: XMLAttributes) {
        if name == "numFmt" {
            guard let id = attributes.value("numFmtId").flatMap({ Int($0) }), let code = attributes.value("formatCode")
            else { return }
            custom[id] = NumberStyle(code: code)
        } else if name == "cellXfs" {
            isInCellFormats = true
        } else if name == "xf", isInCellFormats {
            let id = attributes.value("numFmtId").flatMap { Int($0) } ?? 0
            cellStyles.append(custom[id] ?? NumberStyle(builtIn: id))
        }
        if max(custom.count, cellStyles.count) > ContainerLimits.workbookItems { fault = .tooManyItems(part: part) }
    }

    override func end(_ name: XMLName) {
        if name == "cellXfs" { isInCellFormats = false }
    }
}
