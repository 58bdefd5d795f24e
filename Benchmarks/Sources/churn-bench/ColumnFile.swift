#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Columns of doubles handed from and to NumPy: the numbers of rows and of columns (64 bits each), then one column after
/// another, all in this machine's byte order.
struct ColumnFile {
    var rows: Int
    /// `[columns * rows]`.
    var values: [Double]

    var columns: Int { values.count / rows }

    enum Malformed: Error { case file(String) }

    init(columns: [[Double]]) {
        rows = columns[0].count
        values = columns.flatMap(\.self)
    }

    init(path: String) throws {
        let data = try Data(contentsOf: URL(filePath: path))
        guard data.count >= 16 else { throw Malformed.file(path) }
        let header: [Int] = Self.array(data.prefix(16))
        values = Self.array(data.dropFirst(16))
        guard header[0] > 0, header[1] > 0, values.count == header[0] * header[1] else { throw Malformed.file(path) }
        rows = header[0]
    }

    func write(to path: String) throws {
        var data = Data()
        [rows, columns].withUnsafeBytes { data.append(contentsOf: $0) }
        values.withUnsafeBytes { data.append(contentsOf: $0) }
        try data.write(to: URL(filePath: path))
    }

    func column(_ index: Int) -> ArraySlice<Double> { values[(index * rows)..<((index + 1) * rows)] }

    private static func array<Element: BitwiseCopyable>(_ data: Data) -> [Element] {
        [Element](unsafeUninitializedCapacity: data.count / MemoryLayout<Element>.stride) { buffer, count in
            count = data.copyBytes(to: buffer) / MemoryLayout<Element>.stride
        }
    }
}

/// Times of several runs of one thing after a first that does not count, in milliseconds.
func timed<Value>(runs: Int, _ body: () throws -> Value) rethrows -> (value: Value, milliseconds: [Double]) {
    var value = try body()
    var times: [Double] = []
    for _ in 0..<runs {
        let time = try ContinuousClock().measure { value = try body() }
        times.append(time / .milliseconds(1))
    }
    return (value, times)
}

/// One line of JSON on standard output.
func printObject(_ fields: [(name: String, value: String)]) {
    print("{" + fields.map { "\"\($0.name)\": \($0.value)" }.joined(separator: ", ") + "}")
}
