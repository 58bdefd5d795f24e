/// The values of the column that looks like an order status, and whether lines with them are left out.
struct StatusTally {
    private struct Entry {
        let value: [UInt8]
        let isExcluded: Bool
        var lines: Int64
    }

    /// Lower case.
    private let excluded: [String]
    private var entries: [Entry] = []
    /// Most lines have the status of the line before.
    private var last = 0

    init(excluded: [String]) { self.excluded = excluded }

    var isExcluding: Bool { !excluded.isEmpty }

    /// Counts a value that is not blank, and returns whether its lines are left out.
    mutating func note(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        if last < entries.count, entries[last].value.elementsEqual(value) {
            entries[last].lines += 1
            return entries[last].isExcluded
        }
        if let found = entries.firstIndex(where: { $0.value.elementsEqual(value) }) {
            last = found
            entries[found].lines += 1
            return entries[found].isExcluded
        }
        let isExcluded = excluded.contains(String(decoding: value, as: UTF8.self).lowercased())
        if entries.count < ReadingLimits.statuses, value.count <= ReadingLimits.statusBytes {
            last = entries.count
            entries.append(Entry(value: Array(value), isExcluded: isExcluded, lines: 1))
        }
        return isExcluded
    }

    var counts: [StatusCount] {
        entries.map { StatusCount(value: $0.value.withUnsafeBufferPointer { messageText($0) }, lines: $0.lines) }
            .sorted { ($1.lines, $0.value) < ($0.lines, $1.value) }
    }
}
