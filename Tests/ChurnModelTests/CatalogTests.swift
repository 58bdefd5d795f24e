import ChurnModel
import Foundation
import TestSupport
import Testing

@Suite struct CatalogTests {
    @Test("finds the highest version by number, and a pinned one")
    func selection() throws {
        try withTemporaryDirectory { directory in
            for version in [9, 10, 2] { try place(sampleArtefact(name: "b", version: version), in: directory) }
            try place(sampleArtefact(name: "a", version: 1), in: directory)
            try Data("notes".utf8).write(to: URL(fileURLWithPath: "\(directory)/README.md"))
            try Data("notes".utf8).write(to: URL(fileURLWithPath: "\(directory)/a/README.md"))
            try FileManager.default.createDirectory(atPath: "\(directory)/.tmp", withIntermediateDirectories: false)
            let catalog = try ModelCatalog(directory: directory)
            #expect(catalog.entries.map(\.selector) == ["a@1", "b@2", "b@9", "b@10"])
            #expect(try catalog.model("b").version == 10)
            #expect(try catalog.model("b@9").version == 9)
            #expect(try catalog.model("a").name == "a")
            #expect(try catalog.artefacts().map(\.model.selector) == ["a@1", "b@2", "b@9", "b@10"])
        }
    }

    @Test("says what there is when a model is not found")
    func unknown() throws {
        try withTemporaryDirectory { directory in
            #expect(throws: ModelError.unknownModel("a", available: [])) {
                try ModelCatalog(directory: directory).model("a")
            }
            try place(sampleArtefact(name: "a", version: 1), in: directory)
            let catalog = try ModelCatalog(directory: directory)
            #expect(throws: ModelError.noSelection(available: ["a@1"])) { try catalog.model("") }
            for selector in ["b", "a@2", "a.b", "a@2147483647"] {
                let error = #expect(throws: ModelError.unknownModel(selector, available: ["a@1"])) {
                    try catalog.model(selector)
                }
                #expect(error?.description.contains("a@1") == true)
            }
            for selector in [
                "@", "@1", "a@", "a@0", "a@01", "a@-1", "a@+1", "a@1@1", "a@x", "a@99999999999999999999", "A", " a",
                "../a", "a/1", ".a", "a b", "é", String(repeating: "a", count: 65), "a@2147483648",
            ] {
                #expect(throws: ModelError.invalidSelector(selector, available: ["a@1"])) {
                    try catalog.model(selector)
                }
            }
        }
    }

    @Test("a broken artefact is an error that names it, also when all are read")
    func broken() throws {
        try withTemporaryDirectory { directory in
            try place(sampleArtefact(name: "a", version: 1), in: directory)
            let folder = try place(sampleArtefact(name: "b", version: 1), in: directory)
            try FileManager.default.removeItem(atPath: "\(folder)/model.json")
            let catalog = try ModelCatalog(directory: directory)
            #expect(throws: Never.self) { try catalog.model("a") }
            #expect(throws: ModelError.missing(at: "\(folder)/model.json")) { try catalog.model("b") }
            #expect(throws: ModelError.missing(at: "\(folder)/model.json")) { try catalog.artefacts() }
        }
    }

    @Test("an artefact moved to another folder is refused")
    func moved() throws {
        try withTemporaryDirectory { directory in
            let folder = try place(sampleArtefact(name: "a", version: 1), in: directory)
            try FileManager.default.moveItem(atPath: folder, toPath: "\(directory)/a/2")
            #expect(throws: ModelError.versionMismatch(at: "\(directory)/a/2/model.json", expected: 2, found: 1)) {
                try ModelCatalog(directory: directory).model("a")
            }
            try FileManager.default.moveItem(atPath: "\(directory)/a", toPath: "\(directory)/b")
            #expect(throws: ModelError.nameMismatch(at: "\(directory)/b/2/model.json", expected: "b", found: "a")) {
                try ModelCatalog(directory: directory).model("b")
            }
        }
    }

    @Test(
        "a folder that is no model's is an error, not left out",
        arguments: ["Upper/1", "a/one", "a/01", "a/0", "a b/1"]
    )
    func stray(path: String) throws {
        try withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(
                atPath: "\(directory)/\(path)",
                withIntermediateDirectories: true
            )
            let error = #expect(throws: ModelError.self) { try ModelCatalog(directory: directory) }
            guard case .strayFolder = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test("a directory that is not there, or a file, is an error")
    func noDirectory() throws {
        try withTemporaryDirectory { directory in
            #expect(throws: ModelError.missing(at: "\(directory)/none")) {
                try ModelCatalog(directory: "\(directory)/none")
            }
            try Data().write(to: URL(fileURLWithPath: "\(directory)/file"))
            #expect(throws: ModelError.self) { try ModelCatalog(directory: "\(directory)/file") }
        }
    }
}
