/// What a rule has against a line.
struct Finding: Equatable, CustomStringConvertible {
    var file: String
    /// From 1.
    var line: Int
    var complaint: String

    var description: String { "\(file):\(line): \(complaint)" }
}

/// A Swift file of the repository.
struct SourceFile {
    /// From the repository's root.
    let path: String
    let text: SwiftText

    init(path: String, _ text: String) {
        self.path = path
        self.text = SwiftText(text)
    }

    /// The folder below `Sources` or `Tests` that it lies in.
    var target: String? {
        let parts = path.split(separator: "/")
        guard let root = parts.lastIndex(where: { $0 == "Sources" || $0 == "Tests" }), root + 1 < parts.count - 1 else {
            return nil
        }
        return String(parts[root + 1])
    }

    func finding(_ index: Int, _ complaint: String) -> Finding {
        Finding(file: path, line: index + 1, complaint: complaint)
    }
}

enum Rules {
    static let fileLines = 400
    static let functionLines = 70

    /// Nothing traps on what comes from outside, and nothing leaves the compiler's checks without a word.
    static func forcedCode(_ file: SourceFile) -> [Finding] {
        file.text.code.enumerated().flatMap { index, line in
            let words = Set(line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "!") }.map(String.init))
            let forced = [
                ("try!", "`try!`; throw, or say in a precondition what must hold"),
                ("as!", "`as!`; use `as?` and name the error"),
            ]
            var found = forced.filter { words.contains($0.0) }.map { file.finding(index, $0.1) }
            if line.contains("nonisolated(unsafe)") {
                found.append(file.finding(index, "`nonisolated(unsafe)`; use a lock or an atomic"))
            }
            return found
        }
    }

    /// `@unchecked Sendable` says in the comment of its type, or behind it, why it holds.
    static func uncheckedSendable(_ file: SourceFile) -> [Finding] {
        let text = file.text
        return text.code.indices.filter { index in
            guard text.code[index].contains("@unchecked Sendable") else { return false }
            if !text.comments[index].allSatisfy(\.isWhitespace) { return false }
            // The comment right above, with attributes between at most.
            let above = text.lines[..<index].reversed().prefix { line in
                let line = line.drop(while: \.isWhitespace)
                return line.hasPrefix("//") || line.hasPrefix("@")
            }
            return !above.contains { $0.contains("@unchecked Sendable`:") }
        }.map { index in
            file.finding(index, "`@unchecked Sendable` without a reason; write \"`@unchecked Sendable`: ...\" above it")
        }
    }

    static func unfinished(_ file: SourceFile) -> [Finding] {
        file.text.comments.enumerated().flatMap { index, comment in
            ["TODO", "FIXME", "XXX"].filter(comment.contains).map {
                file.finding(index, "\($0); do it, or file it where work is planned")
            }
        }
    }

    static func longFile(_ file: SourceFile) -> [Finding] {
        // A file ends with a line feed, so its last line is empty.
        let count = file.text.lines.count - (file.text.lines.last == "" ? 1 : 0)
        return count > fileLines ? [file.finding(fileLines, "\(count) lines; split it, \(fileLines) at most")] : []
    }

    static func longFunctions(_ file: SourceFile) -> [Finding] {
        file.text.functions.filter { $0.lineCount > functionLines }.map { function in
            let complaint = "\(function.name) has \(function.lineCount) lines; split it, \(functionLines) at most"
            return file.finding(function.line - 1, complaint)
        }
    }

    /// What a target imports beyond its row in ``Imports/allowed``, and a target without a row.
    static func imports(_ file: SourceFile) -> [Finding] {
        guard file.path.hasPrefix("Sources/"), let target = file.target else { return [] }
        guard let allowed = Imports.allowed[target] else {
            return [file.finding(0, "\(target) has no row in Imports.allowed; say there what it may import")]
        }
        return file.text.code.enumerated().compactMap { index, line in
            guard let module = Imports.module(importedBy: line), !allowed.contains(module) else { return nil }
            return file.finding(index, "\(target) must not import \(module); docs/architecture.md says why")
        }
    }

    static let all: [@Sendable (SourceFile) -> [Finding]] = [
        forcedCode, uncheckedSendable, unfinished, longFile, longFunctions, imports,
    ]
}
