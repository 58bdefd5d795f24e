import ChurnStore
import Testing

@Suite struct StoreLocationTests {
    @Test(
        "SQLite paths are taken as written",
        arguments: [
            ("sqlite:churn.sqlite", "churn.sqlite"), ("sqlite:/var/lib/churn.sqlite", "/var/lib/churn.sqlite"),
            ("sqlite:///var/lib/churn.sqlite", "/var/lib/churn.sqlite"), ("sqlite:a b/ü:c.db", "a b/ü:c.db"),
        ]
    )
    func sqlite(text: String, path: String) throws {
        #expect(try StoreLocation(parsing: text) == .sqlite(path: path))
    }

    @Test(
        "what is no address says what one looks like",
        arguments: [
            "", "churn.sqlite", "sqlite:", "sqlite://", "sqlite://data/x", "sqlite::memory:", "sqlite:a\0b", "mongodb:",
            "mongodb://", "postgres://x", "SQLite:x",
        ]
    )
    func invalid(text: String) throws {
        let error = try #require(throws: StoreError.self) { try StoreLocation(parsing: text) }
        #expect(error.description.contains("sqlite:PATH"))
    }

    @Test(
        "MongoDB is recognised, and its password is never shown",
        arguments: [
            ("mongodb://user:pass@word@host:27017/db", "mongodb://host:27017/db"),
            ("mongodb+srv://user:pa/ss@host/?w=majority", "mongodb+srv://host/?w=majority"),
            ("mongodb://host", "mongodb://host"),
        ]
    )
    func mongodb(text: String, shown: String) throws {
        let location = try StoreLocation(parsing: text)
        #expect(location == .mongodb(uri: text))
        #expect(location.description == shown)
    }

    @Test("an address of an unknown kind is shown without its password")
    func unknownScheme() throws {
        let error = try #require(throws: StoreError.self) { try StoreLocation(parsing: "redis://me:secret@host") }
        #expect(!error.description.contains("secret"))
    }
}
