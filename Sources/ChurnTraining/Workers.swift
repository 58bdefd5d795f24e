internal import ChurnBase
internal import Synchronization

/// Work cut into items, which a few threads take one after another. What an item gives must not depend on who takes it.
enum Workers {
    /// The results of all items, in the order of the items. Blocks until all are done.
    ///
    /// The calling thread works too; a thread that the system refuses is one helper less, not an error.
    static func map<Value: Sendable>(
        items: Int,
        threads: Int,
        _ body: @escaping @Sendable (Int) -> Value
    ) -> [Value] {
        guard threads > 1, items > 1 else { return (0..<max(0, items)).map(body) }
        let results = Results<Value>(count: items)
        let job = Job(items: items) { item in
            let value = body(item)
            results.values.withLock { $0[item] = value }
        }
        var helpers: [pthread_t] = []
        for _ in 1..<min(threads, items) {
            guard let helper = startHelper(job) else { break }
            helpers.append(helper)
        }
        job.work()
        for helper in helpers { pthread_join(helper, nil) }
        return results.values.withLock { $0.compactMap(\.self) }
    }

    private final class Results<Value: Sendable>: Sendable {
        let values: Mutex<[Value?]>

        init(count: Int) {
            values = Mutex(Array(repeating: nil, count: count))
        }
    }

    fileprivate final class Job: Sendable {
        private let next = Atomic<Int>(0)
        private let items: Int
        private let body: @Sendable (Int) -> Void

        init(items: Int, body: @escaping @Sendable (Int) -> Void) {
            self.items = items
            self.body = body
        }

        func work() {
            while true {
                let item = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard item < items else { return }
                body(item)
            }
        }
    }

    /// Nil when the system gives no thread.
    private static func startHelper(_ job: Job) -> pthread_t? {
        let retained = Unmanaged.passRetained(job)
        #if canImport(Darwin)
            var helper: pthread_t?
            let status = pthread_create(&helper, nil, { helperMain($0) }, retained.toOpaque())
        #else
            var helper = pthread_t()
            let status = pthread_create(&helper, nil, helperMain, retained.toOpaque())
        #endif
        guard status == 0 else {
            retained.release()
            return nil
        }
        return helper
    }
}

/// A thread's body: owns one reference to its job.
private func helperMain(_ job: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let job { Unmanaged<Workers.Job>.fromOpaque(job).takeRetainedValue().work() }
    return nil
}
