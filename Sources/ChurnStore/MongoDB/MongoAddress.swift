internal import CMongo
internal import CMongoLog

/// A connection string as libmongoc understands it, with this program's defaults where it leaves a setting open. They
/// are explained in docs/mongodb.md.
struct MongoAddress: ~Copyable {
    let pointer: OpaquePointer
    /// The database of the address, or `churn`.
    let database: String

    /// - Parameters:
    ///   - name: what messages call the store; it holds no password.
    ///   - stallLimit: how long a server may be silent within one command.
    /// - Throws: `unusableAddress`. libmongoc's reason is not repeated: it may quote the password.
    init(_ uri: String, name: String, stallLimit: Duration) throws(StoreError) {
        MongoDriver.start()
        var error = bson_error_t()
        guard !uri.utf8.contains(0), let pointer = mongoc_uri_new_with_error(uri, &error) else {
            throw .unusableAddress(store: name)
        }
        self.pointer = pointer
        database = mongoc_uri_get_database(pointer).map { String(cString: $0) } ?? "churn"
        let defaults: [(String, Int32)] = [
            (MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 5_000),
            (MONGOC_URI_CONNECTTIMEOUTMS, 5_000),
            (MONGOC_URI_SOCKETTIMEOUTMS, Int32(clamping: stallLimit.wholeMilliseconds)),
            (MONGOC_URI_WAITQUEUETIMEOUTMS, 5_000),
            (MONGOC_URI_MAXPOOLSIZE, 16),
        ]
        for (option, value) in defaults where !mongoc_uri_has_option(pointer, option) {
            mongoc_uri_set_option_as_int32(pointer, option, value)
        }
        if !mongoc_uri_has_option(pointer, MONGOC_URI_RETRYWRITES) {
            mongoc_uri_set_option_as_bool(pointer, MONGOC_URI_RETRYWRITES, true)
        }
        if mongoc_uri_get_appname(pointer) == nil { mongoc_uri_set_appname(pointer, "churn") }
        if mongoc_read_concern_get_level(mongoc_uri_get_read_concern(pointer)) == nil {
            let majority = mongoc_read_concern_new()
            defer { mongoc_read_concern_destroy(majority) }
            mongoc_read_concern_set_level(majority, MONGOC_READ_CONCERN_LEVEL_MAJORITY)
            mongoc_uri_set_read_concern(pointer, majority)
        }
    }

    /// How long a server may be silent within one command; `nil` when there is no limit.
    var stallLimit: Duration? {
        let milliseconds = mongoc_uri_get_option_as_int32(pointer, MONGOC_URI_SOCKETTIMEOUTMS, 0)
        return milliseconds > 0 ? .milliseconds(milliseconds) : nil
    }

    var clientLimit: Int32 { mongoc_uri_get_option_as_int32(pointer, MONGOC_URI_MAXPOOLSIZE, 0) }

    deinit {
        mongoc_uri_destroy(pointer)
    }
}

/// libmongoc as a whole, set up once a process. It is never torn down: the manual wants that after every pool is gone,
/// and a process that ends needs it not at all.
enum MongoDriver {
    private static let started: Void = {
        mongoc_init()
        // It is off from the start where it can be; here it is for certain.
        cmongolog_off()
    }()

    static func start() { started }
}

extension Duration {
    /// Rounded down.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? (seconds < 0 ? .min : .max) : milliseconds + attoseconds / 1_000_000_000_000_000
    }
}
