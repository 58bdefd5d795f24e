/// A function, initialiser, deinitialiser or subscript with a body.
struct FunctionExtent: Equatable {
    var name: String
    /// Of its declaration, from 1; attributes and comments before it do not count.
    var line: Int
    var lineCount: Int
}

extension SwiftText {
    /// All that have a body, in the order of their first lines. Found by their braces: what the compiler takes is balanced.
    var functions: [FunctionExtent] {
        let scalars = Array(code.joined(separator: "\n").unicodeScalars)
        var found: [FunctionExtent] = []
        var line = 1
        var position = 0
        while position < scalars.count {
            if scalars[position] == "\n" { line += 1 }
            guard let name = Self.declaration(in: scalars, at: position) else {
                position += 1
                continue
            }
            if let body = Self.body(in: scalars, after: position + name.unicodeScalars.count) {
                let lineFeeds = scalars[position..<body.upperBound].count { $0 == "\n" }
                found.append(FunctionExtent(name: name, line: line, lineCount: lineFeeds + 1))
            }
            // Not behind the body: there may be functions in it.
            position += name.unicodeScalars.count
        }
        return found
    }

    /// The keyword, and the name of a function, when a declaration begins here.
    private static func declaration(in text: [Unicode.Scalar], at start: Int) -> String? {
        if start > 0, isPartOfName(text[start - 1]) || text[start - 1] == "." { return nil }
        for keyword in ["func", "init", "deinit", "subscript"] {
            let scalars = Array(keyword.unicodeScalars)
            let end = start + scalars.count
            guard text[start...].starts(with: scalars), end < text.count, !isPartOfName(text[end]) else { continue }
            guard keyword == "func" else { return keyword }
            let nameEnd =
                text[(end + 1)...].firstIndex { $0 == "(" || $0 == "<" || $0 == "\n" || $0 == " " } ?? text.count
            var name = String.UnicodeScalarView()
            name.append(contentsOf: text[start..<nameEnd])
            return String(name)
        }
        return nil
    }

    private static func isPartOfName(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    /// The braces of the body and what is between; nil where a requirement of a protocol ends without one.
    private static func body(in text: [Unicode.Scalar], after start: Int) -> Range<Int>? {
        var parentheses = 0
        var position = start
        while position < text.count {
            switch text[position] {
            case "(", "[": parentheses += 1
            case ")", "]": parentheses -= 1
            case "{" where parentheses == 0: return position..<end(ofBlockIn: text, at: position)
            case "}" where parentheses == 0: return nil
            case "\n" where parentheses == 0 && !goesOn(text, after: position): return nil
            default: break
            }
            position += 1
        }
        return nil
    }

    /// Whether the signature continues on the next line.
    private static func goesOn(_ text: [Unicode.Scalar], after lineFeed: Int) -> Bool {
        let rest = text[(lineFeed + 1)...].drop { $0 == " " || $0 == "\n" }
        return ["{", "where ", "->", "throws", "async", "rethrows"].contains { rest.starts(with: $0.unicodeScalars) }
    }

    private static func end(ofBlockIn text: [Unicode.Scalar], at start: Int) -> Int {
        var depth = 0
        for position in start..<text.count {
            if text[position] == "{" { depth += 1 }
            if text[position] == "}" { depth -= 1 }
            if depth == 0 { return position + 1 }
        }
        return text.count
    }
}
