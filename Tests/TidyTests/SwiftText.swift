/// The text of a Swift file, taken apart so that rules about code do not see comments and strings. All three have the
/// lines of the file.
struct SwiftText {
    /// With blanks where comments and the insides of string literals stand. Interpolations are blank too.
    let code: [String]
    /// Only the comments, without their slashes.
    let comments: [String]
    let lines: [String]

    init(_ text: String) {
        var scanner = Scanner(Array(text.unicodeScalars))
        scanner.scan()
        lines = Self.lines(Array(text.unicodeScalars))
        code = Self.lines(scanner.code)
        comments = Self.lines(scanner.comments)
    }

    private static func lines(_ scalars: [Unicode.Scalar]) -> [String] {
        scalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var text = String.UnicodeScalarView()
            text.append(contentsOf: line)
            return String(text)
        }
    }
}

/// Sorts each character of a file into code or comments; the other one gets a blank in its place.
private struct Scanner {
    private enum Part {
        case code
        case comment
        /// Of a literal, which is in neither.
        case literal
    }

    private let text: [Unicode.Scalar]
    private var position = 0
    private(set) var code: [Unicode.Scalar] = []
    private(set) var comments: [Unicode.Scalar] = []

    init(_ text: [Unicode.Scalar]) {
        self.text = text
    }

    mutating func scan() {
        while position < text.count {
            if starts(with: "//") {
                while position < text.count, text[position] != "\n" { take(.comment) }
            } else if starts(with: "/*") {
                scanBlockComment()
            } else if let pounds = poundsBeforeQuote() {
                scanString(pounds: pounds)
            } else {
                take(.code)
            }
        }
    }

    private func starts(with wanted: String) -> Bool {
        text[position...].starts(with: wanted.unicodeScalars)
    }

    private mutating func take(_ part: Part, count: Int = 1) {
        for scalar in text[position..<min(position + count, text.count)] {
            let isLineFeed = scalar == "\n"
            code.append(isLineFeed || part == .code ? scalar : " ")
            comments.append(isLineFeed || part == .comment ? scalar : " ")
        }
        position += count
    }

    private mutating func scanBlockComment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                take(.comment, count: 2)
            } else if starts(with: "*/") {
                depth -= 1
                take(.comment, count: 2)
            } else {
                take(.comment)
            }
        } while depth > 0 && position < text.count
    }

    /// How many `#` stand here before a quote; nil when no string literal begins here.
    private func poundsBeforeQuote() -> Int? {
        var end = position
        while end < text.count, text[end] == "#" { end += 1 }
        return end < text.count && text[end] == "\"" ? end - position : nil
    }

    private mutating func scanString(pounds: Int) {
        let hashes = String(repeating: "#", count: pounds)
        take(.literal, count: pounds)
        let quotes = starts(with: "\"\"\"") ? "\"\"\"" : "\""
        take(.literal, count: quotes.unicodeScalars.count)
        while position < text.count {
            if starts(with: "\\" + hashes) {
                take(.literal, count: 1 + pounds)
                if starts(with: "(") { scanInterpolation() } else { take(.literal) }
            } else if starts(with: quotes + hashes) {
                take(.literal, count: quotes.unicodeScalars.count + pounds)
                return
            } else {
                take(.literal)
            }
        }
    }

    /// To the parenthesis that closes it. Strings within it may hold parentheses.
    private mutating func scanInterpolation() {
        var depth = 0
        repeat {
            if let pounds = poundsBeforeQuote() {
                scanString(pounds: pounds)
                continue
            }
            if text[position] == "(" { depth += 1 }
            if text[position] == ")" { depth -= 1 }
            take(.literal)
        } while depth > 0 && position < text.count
    }
}
