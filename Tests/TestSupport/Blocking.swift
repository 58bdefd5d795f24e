internal import Dispatch
internal import Foundation

/// Runs blocking work on a thread of Dispatch, so that tests do not hold the threads of Swift's concurrency. About as many of
/// these run at a time as there are cores: not for work that waits for what comes later (see `onOwnThread`).
package func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
    }
}

/// Runs on a thread of its own what waits for something that a test does later: on a thread of Swift's concurrency or of
/// Dispatch, it could keep that from beginning.
package func onOwnThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
    }
}
