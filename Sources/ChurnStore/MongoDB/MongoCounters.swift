internal import CMongo
internal import ChurnBase
internal import Synchronization

/// What a pool's commands did, counted by libmongoc's command monitoring. No name of a collection and no value is kept.
package final class MongoCounters: Sendable {
    private let commands = Atomic<Int64>(0)
    private let reads = Atomic<Int64>(0)
    private let failures = Atomic<Int64>(0)
    private let microseconds = Atomic<Int64>(0)
    private let lostServers = Atomic<Int64>(0)

    package struct Values: Equatable, Sendable {
        /// Commands sent, of any kind but the driver's own heartbeats.
        package var commands: Int64
        /// Of those, `find` and `aggregate`: queries, and not the fetching of their further batches.
        package var reads: Int64
        package var failures: Int64
        /// From sending to the whole answer, over all commands that ended.
        package var microseconds: Int64
        /// Heartbeats that failed.
        package var lostServers: Int64
    }

    package var values: Values {
        Values(
            commands: commands.load(ordering: .relaxed),
            reads: reads.load(ordering: .relaxed),
            failures: failures.load(ordering: .relaxed),
            microseconds: microseconds.load(ordering: .relaxed),
            lostServers: lostServers.load(ordering: .relaxed)
        )
    }

    /// Has the pool report to this object, which must outlive it. Before the first lease: "mongoc_client_pool_set_
    /// apm_callbacks [...] must be called only once, and before calling mongoc_client_pool_pop" (its manual).
    func watch(_ pool: OpaquePointer) {
        let callbacks = mongoc_apm_callbacks_new()
        defer { mongoc_apm_callbacks_destroy(callbacks) }
        mongoc_apm_set_command_started_cb(callbacks) { event in
            guard let counters = MongoCounters.of(mongoc_apm_command_started_get_context(event)) else { return }
            counters.commands.add(1, ordering: .relaxed)
            if let name = mongoc_apm_command_started_get_command_name(event),
                strcmp(name, "find") == 0 || strcmp(name, "aggregate") == 0
            {
                counters.reads.add(1, ordering: .relaxed)
            }
        }
        mongoc_apm_set_command_succeeded_cb(callbacks) { event in
            let duration = mongoc_apm_command_succeeded_get_duration(event)
            MongoCounters.of(mongoc_apm_command_succeeded_get_context(event))?
                .microseconds.add(duration, ordering: .relaxed)
        }
        mongoc_apm_set_command_failed_cb(callbacks) { event in
            let counters = MongoCounters.of(mongoc_apm_command_failed_get_context(event))
            counters?.failures.add(1, ordering: .relaxed)
            counters?.microseconds.add(mongoc_apm_command_failed_get_duration(event), ordering: .relaxed)
        }
        mongoc_apm_set_server_heartbeat_failed_cb(callbacks) { event in
            MongoCounters.of(mongoc_apm_server_heartbeat_failed_get_context(event))?
                .lostServers.add(1, ordering: .relaxed)
        }
        mongoc_client_pool_set_apm_callbacks(pool, callbacks, Unmanaged.passUnretained(self).toOpaque())
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> MongoCounters? {
        context.map { Unmanaged<MongoCounters>.fromOpaque($0).takeUnretainedValue() }
    }
}
