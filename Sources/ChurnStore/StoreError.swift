package import ChurnFeatures

/// Everything that can go wrong with a store, by whose move is next. Each description is one line that names the store
/// and the next step; contents of the store never appear in it.
package enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The address is none we know.
    case invalidLocation(String)
    /// The address is one of MongoDB, but libmongoc cannot read it.
    case unusableAddress(store: String)
    /// Nothing is there, and the store was not opened to be created.
    case notFound(store: String)
    /// Something else is there; it was left as it is.
    case notAStore(store: String, Reason)
    /// Written by a later version of this program.
    case newerSchema(store: String)
    /// Written by an earlier version of this program; only a writer can migrate it.
    case olderSchema(store: String)
    /// Another process held the store for longer than the time-out.
    case busy(store: String)
    /// There are no transactions at all.
    case noTransactions(store: String)
    /// There are transactions, but no purchase before the moment of a feature build.
    case emptyHistory(store: String, asOfMinute: Int64)
    /// No feature build was finished yet.
    case noBuild(store: String)
    /// The numbers of a customer do not fit (see `FactsError`).
    case facts(store: String, FactsError)
    /// What is stored contradicts itself, or the file is damaged.
    case damaged(store: String, Part)
    /// The lines of a run and day are not those that were ingested.
    case damagedLines(store: String, RunDay)
    /// The store or the disk below it refused; `code` is the store's own (SQLite: the extended result code).
    case unavailable(store: String, code: Int32, explanation: String)
    /// The server cannot be reached, or was lost.
    case unreachable(store: String, explanation: String)
    /// The server answered, and did not do it; `code` is the server's own.
    case refused(store: String, code: Int32, explanation: String)

    package enum Reason: Equatable, Sendable {
        case directory
        case empty
        case notSQLite
        case otherApplication
    }

    package enum Part: Equatable, Sendable {
        case file
        case features
        case transactions
        case predictions
    }

    package var description: String {
        switch self {
        case .invalidLocation(let text):
            "\(text.isEmpty ? "an empty text" : "'\(text)'") is no store address; write sqlite:PATH, for example "
                + "sqlite:data/churn.sqlite, or mongodb://HOST/DATABASE"
        case .unusableAddress(let store):
            "\(store): no MongoDB address that can be used; check hosts, options and the percent-encoding of the password"
        case .notFound(let store):
            "\(store): there is no store; create it with `churn ingest`"
        case .notAStore(let store, .directory):
            "\(store): is a directory, not a store; name a file in it"
        case .notAStore(let store, .empty):
            "\(store): the file is empty; fill it with `churn ingest`"
        case .notAStore(let store, .notSQLite):
            "\(store): the file is not an SQLite database and was left as it is; name another path"
        case .notAStore(let store, .otherApplication):
            "\(store): the database belongs to another program and was left as it is; name another place"
        case .newerSchema(let store):
            "\(store): written by a newer version of churn and left as it is; use that version"
        case .olderSchema(let store):
            "\(store): written by an older version of churn; run `churn store migrate`, or any `churn ingest`, first"
        case .busy(let store):
            "\(store): another process is writing to it; wait until it is done and try again"
        case .noTransactions(let store):
            "\(store): holds no purchases; add some with `churn ingest`"
        case .emptyHistory(let store, let minute):
            "\(store): holds no purchase before \(CivilTime.format(minute: minute)); choose a later as-of day"
        case .noBuild(let store):
            "\(store): has no features yet; build them with `churn features`"
        case .facts(let store, let error):
            "\(store): \(error)"
        case .damaged(let store, .file):
            "\(store): the file is damaged; restore a copy, or ingest the transactions into a new store"
        case .damaged(let store, .features):
            "\(store): the stored features contradict themselves; build them again with `churn features`"
        case .damaged(let store, .transactions):
            "\(store): a stored transaction lacks a field or has one of a wrong type; remove what is none of churn's from "
                + "the collection"
        case .damagedLines(let store, let part):
            "\(store): the lines of run \(part.run) on \(CivilTime.format(day: part.day)) are not those that were "
                + "ingested; remove this day with `churn store remove --days`, and ingest its files again"
        case .damaged(let store, .predictions):
            "\(store): a stored prediction lacks a field or has a wrong one; score again with `churn score --all`"
        case .unreachable(let store, let explanation):
            "\(store): cannot be reached: \(explanation); check the address, the network and the server"
        case .refused(let store, let code, let explanation):
            "\(store): \(explanation) (code \(code)); see the server's log"
        case .unavailable(let store, let code, let explanation):
            "\(store): cannot be used: \(explanation) (code \(code)); check the path, its permissions and the disk"
        }
    }
}
