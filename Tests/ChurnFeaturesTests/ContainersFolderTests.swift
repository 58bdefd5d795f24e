import ChurnFeatures
import Foundation
import Testing
import TestSupport

@Suite("Containers: paths and folders")
struct ContainersFolderTests {
    private let folder: TemporaryDirectory
    private var root: String { folder.path + "/in" }

    init() throws {
        folder = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: folder.path + "/in", withIntermediateDirectories: false)
    }

    private func put(_ name: String, _ content: String = "a,b\n") throws {
        let path = "\(root)/\(name)"
        let parent = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try ReadingSupport.write(Array(content.utf8), to: path)
    }

    @Test("subfolders are read in place, sorted byte by byte, and what is skipped is named")
    func order() throws {
        for name in ["b.csv", "B.CSV", "a/z.csv", "a/b/c.tsv", "a.csv", "ä.csv", "c/x.csv", "10.csv", "9.csv"] {
            try put(name)
        }
        try put("notes.txt")
        try put("a/.hidden.csv")
        try put(".git/x.csv")
        try put("rejects.csv", "file,line,reason,text\n")
        try put("data.bin", "PAR1xxxx")
        try put("empty/readme")
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: root + "/linked.csv", withDestinationPath: root + "/a.csv")
        try manager.createSymbolicLink(atPath: root + "/loop", withDestinationPath: root)
        try manager.createSymbolicLink(atPath: root + "/gone.csv", withDestinationPath: root + "/none")
        #expect(mkfifo(root + "/pipe.csv", 0o600) == 0)
        try ZipFile.write([ZipFile.Member("m.csv", "a,b\n")], to: root + "/c/w.zip")
        try ContainersSupport.workbook(at: root + "/c/y.XLSX", [[.inline("a"), .inline("b")]])

        let inputs = [
            "10.csv", "9.csv", "B.CSV", "a/b/c.tsv", "a/z.csv", "a.csv", "b.csv", "c/w.zip/m.csv", "c/x.csv",
            "c/y.XLSX",
            "linked.csv", "ä.csv",
        ]
        let skipped: [(String, SkippedInput.Reason)] = [
            (".git", .hidden), ("a/.hidden.csv", .hidden), ("data.bin", .unreadable(.parquet)),
            ("empty/readme", .otherEnding),
            ("gone.csv", .link), ("loop", .link), ("notes.txt", .otherEnding), ("pipe.csv", .specialFile),
            ("rejects.csv", .rejectsFile),
        ]
        for path in [root, root + "/"] {
            let found = try TransactionInputs.find(at: [path])
            #expect(found.inputs.map(\.name) == inputs.map { "\(root)/\($0)" })
            #expect(found.skipped == skipped.map { SkippedInput(name: "\(root)/\($0.0)", reason: $0.1) })
            #expect(found.inputs.allSatisfy { ContainersSupport.table($0).rows == [["a", "b"]] })
        }
        #expect(SkippedInput(name: "x", reason: .unreadable(.parquet)).description.contains("Parquet"))
    }

    @Test("a file in a format that cannot be read is refused by its name, also in a folder")
    func foreign() throws {
        try put("a.csv")
        try put("sub/b.csv", "%PDF-1.4")
        let error = ReadingError.unreadableFormat(path: root + "/sub/b.csv", .pdf)
        #expect(throws: error) { try TransactionInputs.find(at: [root]) }
    }

    @Test("a folder without inputs, a path that is not there, and a folder that cannot be listed")
    func wrong() throws {
        #expect(throws: ReadingError.noFiles(directory: root)) { try TransactionInputs.find(at: [root]) }
        try put("notes.txt")
        #expect(throws: ReadingError.noFiles(directory: root)) { try TransactionInputs.find(at: [root]) }
        for path in [root + "/none", root + "/notes.txt/x"] {
            #expect(throws: ReadingError.notFound(path: path)) {
                try TransactionInputs.find(at: [root + "/notes.txt", path])
            }
        }
        // A file that is named itself may have any ending.
        #expect(try TransactionInputs.find(at: [root + "/notes.txt"]).inputs.map(\.name) == [root + "/notes.txt"])
        expectOneLine(.noFiles(directory: root), root)
    }

    @Test("folders in each other have a limit")
    func depth() throws {
        let path = String(repeating: "d/", count: ContainerLimits.folderDepth - 1) + "a.csv"
        try put(path)
        #expect(try TransactionInputs.find(at: [root]).inputs.map(\.name) == ["\(root)/\(path)"])
        try put("d/" + path)
        let error = ReadingError.container(path: root, .folderTooDeep)
        #expect(throws: error) { try TransactionInputs.find(at: [root]) }
        expectOneLine(error, root)
    }

    @Test("paths keep their order; standard input and pipes are readable once")
    func streams() throws {
        try put("a.csv")
        let pipe = root + "/p"
        #expect(mkfifo(pipe, 0o600) == 0)
        let found = try TransactionInputs.find(at: [pipe, "-", root + "/a.csv", "/dev/null"])
        #expect(found.inputs.map(\.name) == [pipe, "standard input", root + "/a.csv", "/dev/null"])
        #expect(found.inputs.map(\.isReadableOnce) == [true, true, false, true])
        #expect(found.inputs.map(\.byteCount) == [nil, nil, 4, nil])
    }

    @Test(
        "the words of every reason are one line",
        arguments: [
            SkippedInput.Reason.hidden, .otherEnding, .unreadable(.ole), .rejectsFile, .specialFile, .link,
            .otherWorksheet(read: "Data"), .hiddenWorksheet, .notAWorksheet,
        ]
    )
    func reasons(reason: SkippedInput.Reason) {
        let text = SkippedInput(name: "a/b.txt", reason: reason).description
        #expect(text.hasPrefix("a/b.txt: skipped, ") && !text.contains("\n"))
    }
}
