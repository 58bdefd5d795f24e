import ChurnClient
import Testing

/// Lends a client and shuts it down.
func withClient<Value>(
    port: Int,
    timeout: Duration = .seconds(30),
    maxInFlight: Int = 256,
    maximumAttempts: Int = 8,
    _ body: (ChurnClient) async throws -> Value
) async throws -> Value {
    let client = ChurnClient(
        configuration: try .init(
            host: "127.0.0.1",
            port: port,
            timeout: timeout,
            maxInFlight: maxInFlight,
            maximumAttempts: maximumAttempts,
            backoff: .milliseconds(1),
            maximumBackoff: .milliseconds(20)
        )
    )
    do {
        let value = try await body(client)
        await client.shutdown()
        return value
    } catch {
        await client.shutdown()
        throw error
    }
}

/// The error of a call that must fail.
func failure<Value: Sendable>(of call: Task<Value, any Error>) async throws -> ChurnError {
    switch await call.result {
    case .success(let value):
        Issue.record("succeeded with \(value)")
        throw ChurnError(code: .ok, message: "")
    case .failure(let error):
        return try #require(error as? ChurnError)
    }
}

extension ChurnClient {
    /// `predict` in a task of its own.
    func begin(_ customer: Int64, timeout: Duration? = nil) -> Task<Prediction, any Error> {
        Task { try await self.predict(customerID: customer, timeout: timeout) }
    }
}
