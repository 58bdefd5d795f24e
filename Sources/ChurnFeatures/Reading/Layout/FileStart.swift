/// What the first lines of a file hold: its separator and its header.
struct FileStart {
    var separator: FieldSeparator
    var hasSeparatorLine: Bool
    /// Lines of a title above the header, blank ones apart.
    var titleLines = 0
    /// Of the header, from 1.
    var headerLine: Int64 = 1
    var header: [String]
    var columns: ColumnIndices

    /// Reads them, and leaves `records` before the first line of data.
    ///
    /// - Parameter records: after `begin`.
    init(_ records: inout RecordReader, _ layout: ReadingLayout) throws(ReadingError) {
        let said = Self.separatorLine(try records.peekLine())
        hasSeparatorLine = said != nil
        if hasSeparatorLine {
            guard try records.next() == .record else { throw .badHeaderQuotes(path: records.path) }
        }
        var firstFault: ReadingError?
        while true {
            let line = try records.peekLine()
            separator = layout.separator ?? said ?? Self.likelySeparator(line, layout.columns)
            records.separator = separator.rawValue
            do throws(ReadingError) {
                header = try TransactionReader.readHeader(&records)
            } catch {
                // The end of a file in which nothing is a header.
                throw firstFault ?? error
            }
            headerLine = records.line
            do throws(ReadingError) {
                columns = try ColumnResolver.resolve(header, layout.columns, path: records.path)
                return
            } catch {
                // A line with more than two fields is no title: it is the header, and has not what is needed.
                let isTitle = header.count { !$0.isEmpty } <= Self.titleFields
                let fault = records.isWorksheet ? error.ofWorksheet : error
                guard isTitle, titleLines < Self.titleLinesLimit else { throw isTitle ? firstFault ?? fault : fault }
                firstFault = firstFault ?? fault
                titleLines += 1
            }
        }
    }

    private static let titleFields = 2
    private static let titleLinesLimit = 20

    /// `sep=;`, as some programs write before the header.
    private static func separatorLine(_ line: UnsafeBufferPointer<UInt8>) -> FieldSeparator? {
        var text = line.dropLast(line.last == UInt8(ascii: "\r") ? 1 : 0)
        if text.count >= 2, text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\"") {
            text = text.dropFirst().dropLast()
        }
        guard text.count == 5, String(decoding: text.prefix(4), as: UTF8.self).lowercased() == "sep=" else {
            return nil
        }
        return text.last.flatMap(FieldSeparator.init(rawValue:))
    }

    /// The separator that gives a header with the needed columns, the most columns first; without one, the most frequent.
    private static func likelySeparator(
        _ line: UnsafeBufferPointer<UInt8>,
        _ mapping: ColumnMapping
    ) -> FieldSeparator {
        let candidates = FieldSeparator.allCases.map { ($0, names(of: line, $0)) }.sorted { $0.1.count > $1.1.count }
        let complete = candidates.first { _, names in
            names.count <= ReadingLimits.columns && (try? ColumnResolver.resolve(names, mapping, path: "")) != nil
        }
        return complete?.0 ?? candidates.first { $0.1.count > 1 }?.0 ?? .comma
    }

    /// The fields of a line in which quotes hold separators.
    private static func names(of line: UnsafeBufferPointer<UInt8>, _ separator: FieldSeparator) -> [String] {
        var names: [String] = []
        var name: [UInt8] = []
        var isQuoted = false
        for byte in line {
            if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == separator.rawValue, !isQuoted {
                names.append(trimmedText(name.withUnsafeBufferPointer(decodedText)))
                name = []
            } else {
                name.append(byte)
            }
        }
        names.append(trimmedText(name.withUnsafeBufferPointer(decodedText)))
        return names
    }
}

extension ReadingError {
    fileprivate var ofWorksheet: ReadingError {
        guard case .missingColumns(let path, let missing, let found) = self else { return self }
        return .missingSheetColumns(path: path, missing: missing, found: found)
    }
}
