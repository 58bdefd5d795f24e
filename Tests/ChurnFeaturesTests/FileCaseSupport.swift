import ChurnFeatures
import Foundation
import TestSupport
import Testing

/// A small file, read by itself, and the features of its customers, unless told otherwise as of the 00:00 after the last
/// purchase.
struct FileCase {
    var reading = Reading()
    var asOf = ""
    /// Features by customer, as the shop calls it, and by name.
    var features: [String: [String: Double]] = [:]

    /// A file of `Tests/Fixtures/Files`.
    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: Surroundings.path("Tests/Fixtures/Files/\(name)"))))
    }

    init(_ name: String, _ flags: KeyValuePairs<String, String> = [:], asOf: String? = nil) throws {
        try self.init(name, ReadingSupport.layout(flags), asOf: asOf)
    }

    init(_ name: String, _ layout: ReadingLayout, asOf: String? = nil) throws {
        let bytes = try Self.bytes(name)
        reading = ReadingSupport.read(bytes, name: name, layout: layout)
        guard reading.error == nil, reading.counts.purchases > 0 else { return }
        var reader = try TransactionReader(bytes: bytes, name: name, layout: layout)
        var builder = FactsBuilder(asOfDay: asOf.flatMap(CivilTime.parseDay))
        while try builder.add(&reader, maxLines: 100) {}
        let context = try builder.context()
        self.asOf = String(CivilTime.format(minute: context.asOfMinute).prefix(10))
        let schema = FeatureSchema.current
        var row = [Double](repeating: 0, count: schema.names.count)
        _ = try builder.forEachCustomer { facts, text in
            row.withUnsafeMutableBufferPointer { schema.write(facts, context, to: $0) }
            let name = text.isEmpty ? "\(facts.customer)" : String(decoding: text, as: UTF8.self)
            features[name] = Dictionary(uniqueKeysWithValues: zip(schema.names, row))
        }
    }

    func feature(_ name: String, of customer: String = "17850") -> Double? { features[customer]?[name] }

    var error: String { reading.error?.description ?? "" }
    var remarks: String { reading.report?.remarks.joined(separator: "; ") ?? "" }
    /// Minutes of the kept lines, for people.
    var times: [String] { reading.lines.map { CivilTime.format(minute: $0.minute) } }
}
