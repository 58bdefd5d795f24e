/// Text in aligned columns.
struct Table {
    enum Alignment { case left, right }

    private let alignments: [Alignment]
    private var rows: [[String]] = []
    private let hasHeader: Bool

    /// - Parameter columns: a title each; a table without any titles has no header.
    init(_ columns: [(title: String, alignment: Alignment)]) {
        alignments = columns.map(\.alignment)
        hasHeader = columns.contains { !$0.title.isEmpty }
        if hasHeader { rows.append(columns.map(\.title)) }
    }

    /// - Precondition: one cell a column.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == alignments.count)
        rows.append(cells)
    }

    /// Lines, each with its end, and without blanks before it.
    func text(indent: Int = 0) -> String {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var text = ""
        for (index, row) in rows.enumerated() {
            text += line(row, widths, indent)
            if hasHeader, index == 0 { text += line(widths.map { String(repeating: "-", count: $0) }, widths, indent) }
        }
        return text
    }

    private func line(_ cells: [String], _ widths: [Int], _ indent: Int) -> String {
        var line = String(repeating: " ", count: indent)
        for (column, cell) in cells.enumerated() {
            if column > 0 { line += "  " }
            let blanks = String(repeating: " ", count: widths[column] - cell.count)
            switch alignments[column] {
            case .left: line += cell + blanks
            case .right: line += blanks + cell
            }
        }
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }
}
