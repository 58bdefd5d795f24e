import ChurnBase
import ChurnModel
import Testing

@Suite struct ChecksumTests {
    @Test(
        "SHA-256 of the standard's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ]
    )
    func digests(text: String, digest: String) {
        #expect(Array(text.utf8).withUnsafeBytes { sha256($0) } == digest)
    }

    @Test("takes the digest of a file from the lines of sha256sum")
    func lines() throws {
        let a = String(repeating: "a1", count: 32)
        let b = String(repeating: "B2", count: 32)
        let text = "\(a)  model.json\n\(b) *other file\n"
        #expect(try ChecksumFile.digest(of: "model.json", in: Array(text.utf8)) == a)
        #expect(try ChecksumFile.digest(of: "other file", in: Array(text.utf8)) == b.lowercased())
        #expect(try ChecksumFile.digest(of: "third", in: Array(text.utf8)) == nil)
        #expect(try ChecksumFile.digest(of: "model.json", in: []) == nil)
        #expect(try ChecksumFile.digest(of: "model.json", in: Array("\(a)  model.json".utf8)) == a)
    }

    @Test(
        "says which line is not of that format",
        arguments: [
            ("\n", 1), ("x", 1), (String(repeating: "0", count: 64), 1),
            (String(repeating: "0", count: 64) + "  ", 1), (String(repeating: "g", count: 64) + "  model.json\n", 1),
            (String(repeating: "0", count: 63) + "  model.json\n", 1),
            (String(repeating: "0", count: 64) + "  model.json\r\n\n", 2),
            (String(repeating: String(repeating: "0", count: 64) + "  model.json\n", count: 2), 2),
        ]
    )
    func badLines(text: String, line: Int) {
        let error = #expect(throws: ChecksumFile.BadLine.self) {
            try ChecksumFile.digest(of: "model.json", in: Array(text.utf8))
        }
        #expect(error?.number == line)
    }

    @Test("the schema hash is FNV-1a over names and transforms in their order")
    func schema() {
        var empty = StableHash()
        #expect(hexadecimal(empty.value) == "cbf29ce484222325")
        Array("foobar".utf8).withUnsafeBytes { empty.combine($0) }
        #expect(hexadecimal(empty.value) == "85944171f73967e8")

        let a = ModelInput(feature: "a", mean: 1, scale: 2, coefficient: 3)
        let b = ModelInput(feature: "b", transform: .log(offset: 0.05), mean: 1, scale: 2, coefficient: 3)
        var bytes = Array("a\0identity\nb\0log".utf8)
        bytes += [0x3f, 0xa9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a] + Array("\n".utf8)
        var byHand = StableHash()
        bytes.withUnsafeBytes { byHand.combine($0) }
        #expect(schemaHash(of: [a, b].map(\.definition)) == byHand.value)
        #expect(schemaHash(of: [b, a].map(\.definition)) != byHand.value)
        var other = a
        other.mean = 7
        #expect(schemaHash(of: [other, b].map(\.definition)) == byHand.value)
        other.transform = .log1p
        #expect(schemaHash(of: [other, b].map(\.definition)) != byHand.value)
    }
}
