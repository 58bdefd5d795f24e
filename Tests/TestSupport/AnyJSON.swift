package import Foundation

/// JSON of any shape, to read figures from: a path that leads nowhere gives NaN or nothing, which no comparison takes.
@dynamicMemberLookup
package enum AnyJSON: Decodable, Sendable {
    case number(Double)
    case text(String)
    case bool(Bool)
    case list([AnyJSON])
    case fields([String: AnyJSON])
    case null

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([AnyJSON].self) {
            self = .list(value)
        } else {
            self = .fields(try container.decode([String: AnyJSON].self))
        }
    }

    package init(_ data: Data) throws {
        self = try JSONDecoder().decode(AnyJSON.self, from: data)
    }

    /// A file of `Tests/Fixtures`.
    package static func fixture(_ name: String) throws -> AnyJSON {
        try AnyJSON(Data(contentsOf: URL(filePath: Surroundings.path("Tests/Fixtures/\(name)"))))
    }

    package subscript(dynamicMember name: String) -> AnyJSON { self[name] }

    package subscript(name: String) -> AnyJSON { fields[name] ?? .null }

    package var number: Double { if case .number(let value) = self { value } else { .nan } }
    package var integer: Int { Int(exactly: number) ?? .min }
    package var text: String { if case .text(let value) = self { value } else { "" } }
    package var list: [AnyJSON] { if case .list(let values) = self { values } else { [] } }
    package var fields: [String: AnyJSON] { if case .fields(let fields) = self { fields } else { [:] } }
    package var numbers: [Double] { list.map(\.number) }
    package var texts: [String] { list.map(\.text) }
    /// The fields that are numbers.
    package var figures: [String: Double] { fields.mapValues(\.number).filter { !$0.value.isNaN } }
}
