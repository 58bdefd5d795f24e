#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// The settings of a JSON file: an object whose keys are those of `Setting`, with strings or numbers.
struct ConfigurationFile {
    private(set) var values: [Setting: SettingValue] = [:]

    private static let limitBytes = 1 << 20

    /// - Throws: 78 for a file that cannot be read or is not of this form, naming the key.
    init(path: String) throws(Failure) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw Failure(.configuration, "\(path): the configuration file cannot be read; check the path")
        }
        guard data.count <= Self.limitBytes else {
            throw Failure(.configuration, "\(path): larger than \(Self.limitBytes) bytes; is it a configuration file?")
        }
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: data)
        } catch {
            throw Failure(.configuration, "\(path): not a JSON object, such as {\"store\": \"sqlite:churn.sqlite\"}")
        }
        // Sorted: which of several unknown keys is named does not depend on their hashes.
        for (key, value) in document.values.sorted(by: { $0.key < $1.key }) {
            guard let setting = Setting(rawValue: key) else {
                let known = Setting.allCases.map(\.key).joined(separator: ", ")
                throw Failure(.configuration, "\(path): the key '\(key)' is unknown; known are \(known)")
            }
            guard let texts = value.texts, setting.isList || texts.count == 1 else {
                let kind = setting.isList ? "a string or an array of strings" : "a string or a number"
                throw Failure(.configuration, "\(path): the key '\(key)' must be \(kind)")
            }
            values[setting] = SettingValue(texts: texts, source: .file(path: path, key: key))
        }
    }
}

private struct Document: Decodable {
    struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    struct Value: Decodable {
        /// `nil` for a kind of value that no setting has.
        var texts: [String]?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                texts = [text]
            } else if let number = try? container.decode(Int64.self) {
                texts = [String(number)]
            } else if let number = try? container.decode(Double.self) {
                texts = ["\(number)"]
            } else if let list = try? container.decode([String].self), !list.isEmpty {
                texts = list
            }
        }
    }

    var values: [String: Value] = [:]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        for key in container.allKeys { values[key.stringValue] = try container.decode(Value.self, forKey: key) }
    }
}
