import Foundation
import TestSupport
import Testing

/// Rules that the compiler does not check, over all Swift sources.
@Suite struct TidyTests {
    private static let roots = ["Sources", "Tests", "Benchmarks/Sources", "Fuzzing/Sources"]

    private static func files() throws -> [SourceFile] {
        try roots.flatMap { root in
            let folder = Surroundings.path(root)
            // It does not follow links: the kernels of the other CPU levels are the same files.
            return try FileManager.default.subpathsOfDirectory(atPath: folder)
                .filter { $0.hasSuffix(".swift") }
                .sorted()
                .map { path in
                    SourceFile(
                        path: "\(root)/\(path)",
                        try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
                    )
                }
        }
    }

    @Test("the sources keep to the rules")
    func sources() throws {
        let files = try Self.files()
        #expect(files.count > 300)
        for file in files {
            for rule in Rules.all {
                for finding in rule(file) { Issue.record("\(finding)") }
            }
        }
    }

    @Test("every function is found where the compiler has one")
    func functions() throws {
        // A scanner that lost its way in a literal would find none from there on.
        for file in try Self.files() {
            let words = file.text.code.count { line in
                let words = line.split { $0 == " " || $0 == "(" }
                return words.contains("func") && line.hasSuffix("{")
            }
            let found = file.text.functions.count { $0.name.hasPrefix("func") }
            #expect(found >= words, "\(file.path): \(found) of \(words)")
        }
    }
}
