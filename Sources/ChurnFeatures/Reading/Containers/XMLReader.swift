internal import CExpat

/// Receives the elements and the text of one part of a workbook. Names come without their prefix.
class XMLEvents {
    /// Set by a subclass to stop the parser.
    final var fault: ContainerFault?
    /// Whether character data are wanted.
    final var wantsText = false

    func start(_ name: XMLName, _ attributes: XMLAttributes) {}
    func end(_ name: XMLName) {}
    /// A piece of the text; only while `wantsText`.
    func text(_ piece: UnsafeBufferPointer<UInt8>) {}
}

/// The name of an element or an attribute without its prefix; valid inside the call only.
struct XMLName {
    private let text: UnsafePointer<CChar>
    let hasPrefix: Bool

    init(_ name: UnsafePointer<CChar>) {
        var local = name
        var next = name
        while next.pointee != 0 {
            if next.pointee == CChar(bitPattern: UInt8(ascii: ":")) { local = next + 1 }
            next += 1
        }
        text = local
        hasPrefix = local != name
    }

    static func == (name: XMLName, literal: StaticString) -> Bool {
        // The literal ends in a zero, which is compared as well.
        var index = 0
        while index <= literal.utf8CodeUnitCount {
            guard UInt8(bitPattern: name.text[index]) == literal.utf8Start[index] else { return false }
            index += 1
        }
        return true
    }
}

/// The attributes of an element; valid inside the call only.
struct XMLAttributes {
    fileprivate let pairs: UnsafeMutablePointer<UnsafePointer<CChar>?>?

    /// Nil when there is no such attribute.
    func value(_ name: StaticString, prefixed: Bool = false) -> String? {
        bytes(name, prefixed: prefixed).map { String(cString: $0) }
    }

    func bytes(_ name: StaticString, prefixed: Bool = false) -> UnsafePointer<CChar>? {
        guard var next = pairs else { return nil }
        while let attribute = next[0], let value = next[1] {
            let found = XMLName(attribute)
            if found == name, found.hasPrefix == prefixed { return value }
            next += 2
        }
        return nil
    }
}

/// Parses one part of a workbook with expat, piece by piece. A document type declaration is refused, so that no entity can
/// be defined.
final class XMLReader {
    private let parser: XML_Parser
    private let events: XMLEvents
    private let part: String
    private var depth = 0
    private var bytesParsed: Int64 = 0

    /// Nil when there is no memory.
    init?(part: String, events: XMLEvents) {
        guard let parser = XML_ParserCreate(nil) else { return nil }
        self.parser = parser
        self.events = events
        self.part = part
        // Not retained: the callbacks run inside `parse` only.
        XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        XML_SetElementHandler(
            parser,
            { data, name, attributes in
                guard let reader = XMLReader.from(data), let name else { return }
                reader.start(XMLName(name), XMLAttributes(pairs: attributes))
            },
            { data, name in
                guard let reader = XMLReader.from(data), let name, reader.events.fault == nil else { return }
                reader.depth -= 1
                reader.events.end(XMLName(name))
                reader.stopAtFault()
            }
        )
        XML_SetCharacterDataHandler(parser) { data, text, count in
            guard let reader = XMLReader.from(data), reader.events.wantsText, let text,
                reader.events.fault == nil
            else { return }
            text.withMemoryRebound(to: UInt8.self, capacity: Int(count)) {
                reader.events.text(UnsafeBufferPointer(start: $0, count: Int(count)))
            }
            reader.stopAtFault()
        }
        XML_SetStartDoctypeDeclHandler(parser) { data, _, _, _, _ in
            guard let reader = XMLReader.from(data) else { return }
            reader.events.fault = .documentType(part: reader.part)
            reader.stopAtFault()
        }
    }

    deinit { XML_ParserFree(parser) }

    private static func from(_ data: UnsafeMutableRawPointer?) -> XMLReader? {
        data.map { Unmanaged<XMLReader>.fromOpaque($0).takeUnretainedValue() }
    }

    private func start(_ name: XMLName, _ attributes: XMLAttributes) {
        depth += 1
        if depth > ContainerLimits.xmlDepth {
            events.fault = .damagedPart(part: part, reason: "its elements lie too deep in each other")
        } else {
            events.start(name, attributes)
        }
        stopAtFault()
    }

    // expat may call a few more handlers before it stops. They do nothing, so that the first fault is the one reported.
    private func stopAtFault() {
        if events.fault != nil { XML_StopParser(parser, XML_Bool(0)) }
    }

    /// - Parameter bytes: the next bytes; empty for the end of the part.
    func parse(_ bytes: UnsafeRawBufferPointer) throws(ContainerFault) {
        var position = 0
        repeat {
            let count = min(bytes.count - position, ContainerLimits.xmlSliceBytes)
            let slice = bytes.baseAddress.map { ($0 + position).assumingMemoryBound(to: CChar.self) }
            let status = XML_Parse(parser, slice, Int32(count), bytes.isEmpty ? 1 : 0)
            if let fault = events.fault { throw fault }
            guard status == XML_STATUS_OK else { throw .damagedPart(part: part, reason: errorText) }
            position += count
            bytesParsed += Int64(count)
            // expat keeps an unfinished token in memory.
            guard bytesParsed - Int64(XML_GetCurrentByteIndex(parser)) <= Int64(ContainerLimits.xmlTokenBytes) else {
                throw .damagedPart(part: part, reason: "a tag is too long")
            }
        } while position < bytes.count
    }

    private var errorText: String {
        let line = XML_GetCurrentLineNumber(parser)
        let text = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) } ?? "no XML"
        return "\(text), line \(line)"
    }
}

extension ZipArchive {
    /// Parses a whole part.
    func parse(_ part: ArchiveMember, _ events: XMLEvents) throws(ReadingError) {
        var member = try ZipMemberReader(opening: part, of: self)
        guard let reader = XMLReader(part: part.name, events: events) else {
            throw .container(path: name, .damagedPart(part: part.name, reason: "no memory"))
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try member.read(into: buffer)
            do throws(ContainerFault) {
                try reader.parse(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } catch {
                throw .container(path: name, error)
            }
            if count == 0 { return }
        }
    }
}
