internal import Dispatch

/// Runs blocking work on a thread of its own, so that tests do not hold the threads of Swift's concurrency.
package func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
    }
}
