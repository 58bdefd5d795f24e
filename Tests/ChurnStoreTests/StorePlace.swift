import ChurnStore
import Foundation
import TestSupport
import Testing

/// The kinds of store that the same tests are run on.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case sqlite
    case mongodb

    var testDescription: String { rawValue }
}

/// Where a test keeps a store of its own; gone with the last reference.
struct StorePlace {
    let location: StoreLocation
    private let directory: TemporaryDirectory?

    init(_ kind: StoreKind) throws {
        switch kind {
        case .sqlite:
            let directory = try TemporaryDirectory()
            self.directory = directory
            location = .sqlite(path: directory.path + "/churn.sqlite")
        case .mongodb:
            directory = nil
            location = .mongodb(uri: try MongoDatabase().uri)
        }
    }

    var name: String { location.description }

    /// - Parameter busyTimeout: how long an SQLite store waits for another writer.
    func open(_ access: StoreAccess = .create, busyTimeout: Duration = .seconds(5)) throws -> any Store {
        switch location {
        case .sqlite(let path): try SQLiteStore(path: path, access: access, busyTimeout: busyTimeout)
        case .mongodb: try location.open(access)
        }
    }
}

func withStore<Value>(_ kind: StoreKind, _ body: (any Store) throws -> Value) throws -> Value {
    let place = try StorePlace(kind)
    return try withExtendedLifetime(place) { try body(try place.open()) }
}

/// Two stores that have nothing in common.
func withStores<Value>(_ kind: StoreKind, _ body: (any Store, any Store) throws -> Value) throws -> Value {
    try withStore(kind) { first in try withStore(kind) { second in try body(first, second) } }
}
