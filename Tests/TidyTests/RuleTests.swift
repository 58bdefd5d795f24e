import Testing

/// Each rule finds a planted fault, and leaves alone what only looks like one.
@Suite struct RuleTests {
    private func file(_ text: String, path: String = "Sources/ChurnModel/A.swift") -> SourceFile {
        SourceFile(path: path, text)
    }

    private func lines(_ findings: [Finding]) -> [Int] { findings.map(\.line) }

    @Test("`try!`, `as!` and `nonisolated(unsafe)` in code, not in comments and strings")
    func forcedCode() {
        let text = """
            let a = try! f()
            let b = (x as! Int)
            let c = try? f()
            // try! in a comment
            let d = "try! \\(g("as!")) as!"
            let e = #"try! \\(h) "# + \"""
                as!
                \"""
            nonisolated(unsafe) var f = 0
            let g = retry!
            """
        #expect(lines(Rules.forcedCode(file(text))) == [1, 2, 9])
    }

    @Test("`@unchecked Sendable` needs its reason next to it")
    func uncheckedSendable() {
        let text = """
            final class A: @unchecked Sendable {}
            /// Something else.
            final class B: @unchecked Sendable {}
            /// A pool.
            ///
            /// `@unchecked Sendable`: the handle never changes.
            @frozen
            final class C: @unchecked Sendable {}
            final class D: @unchecked Sendable {}  // used by one test at a time
            /// `@unchecked Sendable`: too far away.

            final class E: @unchecked Sendable {}
            let f = "@unchecked Sendable"
            """
        #expect(lines(Rules.uncheckedSendable(file(text))) == [1, 3, 12])
    }

    @Test("marks of unfinished work in comments")
    func unfinished() {
        let mark = "TO" + "DO"
        #expect(lines(Rules.unfinished(file("// \(mark): later\nlet a = \"\(mark)\"\n/* FIX\("ME") */"))) == [1, 3])
    }

    @Test("a file with one line more than the limit")
    func longFile() {
        let line = "let a = 0\n"
        #expect(Rules.longFile(file(String(repeating: line, count: Rules.fileLines))) == [])
        #expect(Rules.longFile(file(String(repeating: line, count: Rules.fileLines + 1))).count == 1)
    }

    private func function(lines: Int, _ head: String = "func f() {") -> String {
        "struct A {\n    \(head)\n" + String(repeating: "        g { \"}\" }\n", count: lines - 2) + "    }\n}\n"
    }

    @Test(
        "a function with one line more than the limit, whatever kind it is",
        arguments: [
            "func f() {", "func f<T>(a: (T) -> [T] = { [$0] }) async throws -> T where T: B {", "init?(a: Int) {",
            "deinit {", "subscript(i: Int) -> Int {", "static func == (a: A, b: A) -> Bool {",
        ]
    )
    func longFunctions(head: String) {
        #expect(Rules.longFunctions(file(function(lines: Rules.functionLines, head))) == [])
        #expect(lines(Rules.longFunctions(file(function(lines: Rules.functionLines + 1, head)))) == [2])
    }

    @Test("requirements and calls are no functions, a signature may have several lines")
    func extents() {
        let text = """
            protocol P {
                func a(b: Int) throws
                init(c: Int)
                subscript(d: Int) -> Int { get }
            }
            func e(
                f: Int
            )
                throws -> Int
            {
                self.init(g: "func h() {")
                func i() {}
            }
            """
        let functions = SwiftText(text).functions
        #expect(functions.map(\.name) == ["subscript", "func e", "func i"])
        #expect(functions.map(\.line) == [4, 6, 12])
        #expect(functions.map(\.lineCount) == [1, 8, 1])
    }

    @Test(
        "an import that its target may not have",
        arguments: [
            ("ChurnModel", "internal import ChurnFeatures"), ("ChurnFeatures", "import ChurnModel"),
            ("ChurnProtocol", "package import NIOPosix"), ("ChurnServing", "internal import CEpoll"),
            ("ChurnServing", "internal import ChurnProtocol"), ("ChurnServing", "internal import CChurnProto"),
            ("ChurnServer", "@preconcurrency internal import CChurnProto"), ("ChurnClient", "import ChurnServer"),
            ("ChurnServer", "    internal import struct GRDB.Row"), ("churn", "import CMongo"),
            ("ChurnProtocol", "import Foundation"), ("NoSuchTarget", "let a = 0"),
        ]
    )
    func forbiddenImport(target: String, line: String) {
        let file = file("// Something.\n\(line)\n", path: "Sources/\(target)/Folder/A.swift")
        #expect(lines(Rules.imports(file)) == [target == "NoSuchTarget" ? 1 : 2])
    }

    @Test("imports that are allowed, and tests, which may import what they test")
    func allowedImport() {
        let text = "internal import NIOCore\npackage import ChurnProtocol\n// import GRDB\nlet a = \"import GRDB\"\n"
        #expect(Rules.imports(file(text, path: "Sources/ChurnClient/A.swift")) == [])
        #expect(Rules.imports(file("import GRDB\n", path: "Tests/ChurnStoreTests/A.swift")) == [])
    }
}
