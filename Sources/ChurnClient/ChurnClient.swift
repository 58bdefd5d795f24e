@_exported public import ChurnProtocol
internal import NIOCore
internal import Synchronization

/// A client of one churn server, for any number of tasks at once.
///
/// Calls share one connection, on which many are in flight and are answered in any order. It is opened by the first
/// call and opened again when it is lost. A call that surely was not processed (it never left this machine, or the
/// server said so) is sent again within its deadline; any other failure is the caller's to judge, by
/// ``ChurnError/code`` and ``ChurnError/notProcessed``.
///
/// Make one client for a process and keep it:
///
/// ```swift
/// import ChurnClient
///
/// let churn = ChurnClient(configuration: try .init(host: "churn.internal", timeout: .milliseconds(200)))
///
/// func retentionOffer(for customer: Int64) async throws -> Offer? {
///     do {
///         return try await churn.predict(customerID: customer).isChurn ? .discount : nil
///     } catch let error as ChurnError where error.code == .notFound {
///         return nil  // A customer without a purchase yet.
///     }
/// }
///
/// await churn.shutdown()  // When the service stops.
/// ```
///
/// Cancelling a task ends its call at once with CANCELLED. Calls throw nothing but ``ChurnError``.
public final class ChurnClient: Sendable {
    public let configuration: Configuration

    private let mailbox: Mailbox
    private let lastCallID = Atomic<UInt64>(0)

    /// A longer timeout is taken as this one: 10 years, which no arithmetic on deadlines overflows.
    private static let longestTimeout = Duration.seconds(10 * 365 * 86_400)

    /// Connects to nothing yet.
    public init(configuration: Configuration) {
        self.configuration = configuration
        let eventLoop = configuration.eventLoopGroup.next()
        mailbox = Mailbox(to: ClientCore(configuration: configuration, eventLoop: eventLoop), on: eventLoop)
    }

    deinit {
        // No call can be open, since each holds the client; after `shutdown()` this does nothing.
        mailbox.post(.shutdown(nil))
    }

    // MARK: Calls

    /// Predicts for one customer, from the features the server has of them.
    ///
    /// - Parameters:
    ///   - model: `name` or `name@version`; empty for the server's default.
    ///   - contributions: also return what each feature adds to the log-odds.
    ///   - names: also return the names of the features.
    ///   - timeout: from now to the answer; `nil` for the configuration's.
    /// - Throws: NOT_FOUND when the server knows no such customer or model.
    nonisolated(nonsending)
        public func predict(
            customerID: Int64,
            model: String = "",
            contributions: Bool = false,
            names: Bool = false,
            timeout: Duration? = nil
        ) async throws(ChurnError) -> Prediction
    {
        try await predict(
            .predictByID(customer: customerID, contributions: contributions, names: names),
            model,
            timeout
        )
    }

    /// Predicts for one customer by the text that the shop calls it, such as `CUST-0001`. Digits without leading zeros are
    /// the number that they are.
    ///
    /// - Parameters:
    ///   - customer: not empty; without blanks at its ends at most 200 bytes.
    ///   - model: as in ``predict(customerID:model:contributions:names:timeout:)``, like the others.
    /// - Throws: NOT_FOUND when the server knows no such customer or model, INVALID_ARGUMENT for a text that no customer
    ///   can have.
    nonisolated(nonsending)
        public func predict(
            customer: String,
            model: String = "",
            contributions: Bool = false,
            names: Bool = false,
            timeout: Duration? = nil
        ) async throws(ChurnError) -> Prediction
    {
        // It would not be on the wire at all.
        guard !customer.isEmpty else { throw refused("predict: the customer is empty") }
        return try await predict(
            .predictByText(customer: customer, contributions: contributions, names: names),
            model,
            timeout
        )
    }

    nonisolated(nonsending)
        private func predict(
            _ method: Request.Method,
            _ model: String,
            _ timeout: Duration?
        ) async throws(ChurnError) -> Prediction
    {
        let response = try await answer(to: Request(model: model, method: method), timeout)
        guard case .predictByID(let prediction) = response.result else { throw wrongAnswer("predict") }
        return prediction
    }

    /// Predicts for many customers, from the features the server has of them. An unknown one fails only its row.
    ///
    /// - Parameters:
    ///   - customerIDs: at most a million.
    ///   - model: as in ``predict(customerID:model:contributions:names:timeout:)``, like `timeout`.
    /// - Returns: one row an id, in their order.
    nonisolated(nonsending)
        public func predictBatch(
            customerIDs: [Int64],
            model: String = "",
            timeout: Duration? = nil
        ) async throws(ChurnError) -> BatchPrediction
    {
        try await predictBatch(.predictBatchByIDs(customerIDs), rows: customerIDs.count, model, timeout)
    }

    /// Predicts for many customers by their texts, mixed with numbers as they may be. A customer that is unknown, or that no
    /// shop can have, fails only its row.
    ///
    /// - Parameters:
    ///   - customers: at most a million.
    ///   - model: as in ``predict(customerID:model:contributions:names:timeout:)``, like `timeout`.
    /// - Returns: one row a text, in their order.
    nonisolated(nonsending)
        public func predictBatch(
            customers: [String],
            model: String = "",
            timeout: Duration? = nil
        ) async throws(ChurnError) -> BatchPrediction
    {
        try await predictBatch(.predictBatchByTexts(customers), rows: customers.count, model, timeout)
    }

    /// Predicts from features that come with the call.
    ///
    /// - Parameters:
    ///   - columns: every feature of the model once, by name, in any order, all of one length, finite. What a model
    ///     reads is in ``health(names:timeout:)``.
    ///   - model: as in ``predict(customerID:model:contributions:names:timeout:)``, like `timeout`.
    /// - Returns: one row for each of the columns'.
    /// - Throws: INVALID_ARGUMENT, naming the column (and the row) that is missing, unknown, of another length or not
    ///   finite.
    nonisolated(nonsending)
        public func predictBatch(
            columns: [FeatureColumn],
            model: String = "",
            timeout: Duration? = nil
        ) async throws(ChurnError) -> BatchPrediction
    {
        let rows = columns.first?.values.count ?? 0
        return try await predictBatch(.predictBatchByColumns(columns), rows: rows, model, timeout)
    }

    /// Asks the server how it is. An answer of any state is a success of this call.
    ///
    /// - Parameters:
    ///   - names: also return the names of each model's features.
    ///   - timeout: as in ``predict(customerID:model:contributions:names:timeout:)``.
    nonisolated(nonsending)
        public func health(names: Bool = false, timeout: Duration? = nil) async throws(ChurnError) -> HealthReport
    {
        let response = try await answer(to: Request(method: .health(names: names)), timeout)
        guard case .health(let report) = response.result else { throw wrongAnswer("health") }
        return report
    }

    /// Ends the client: calls that are open fail with CANCELLED, later ones with UNAVAILABLE. Returns when the
    /// connections are closed. Doing it twice is allowed.
    nonisolated(nonsending)
        public func shutdown() async
    {
        await withCheckedContinuation { mailbox.post(.shutdown($0)) }
    }

    // MARK: Internals

    nonisolated(nonsending)
        private func predictBatch(
            _ method: Request.Method,
            rows: Int,
            _ model: String,
            _ timeout: Duration?
        ) async throws(ChurnError) -> BatchPrediction
    {
        guard rows <= CallLimits.batchRows else {
            throw refused("predictBatch of \(rows) rows: the limit is \(CallLimits.batchRows); split the batch")
        }
        if case .predictBatchByColumns(let columns) = method {
            if let column = columns.first(where: { $0.name.utf8.contains(0) }) {
                throw refused("predictBatch: the column name '\(column.name)' contains a NUL")
            }
            guard columns.count <= CallLimits.batchColumns else {
                throw refused("predictBatch of \(columns.count) columns: the limit is \(CallLimits.batchColumns)")
            }
        }
        let response = try await answer(to: Request(model: model, method: method), timeout)
        guard case .predictBatch(let batch) = response.result, batch.probabilities.count == rows,
            batch.decisions.isEmpty || batch.decisions.count == rows,
            batch.statuses.isEmpty || batch.statuses.count == rows
        else { throw wrongAnswer("predictBatch") }
        return batch
    }

    nonisolated(nonsending)
        private func answer(to request: Request, _ timeout: Duration?) async throws(ChurnError) -> Response
    {
        // A NUL would end the name on the wire.
        if request.model.utf8.contains(0) { throw refused("the model '\(request.model)' contains a NUL") }
        let timeout = min(timeout ?? configuration.timeout, Self.longestTimeout)
        let deadline = NIODeadline.now() + TimeAmount(max(timeout, .zero))
        let id = lastCallID.add(1, ordering: .relaxed).newValue
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<CallResult, Never>) in
                let call = NewCall(
                    id: id,
                    request: request,
                    timeout: timeout,
                    deadline: deadline,
                    continuation: continuation
                )
                mailbox.post(.call(call))
                // The handler below may have run before there was a call to cancel.
                if Task.isCancelled { mailbox.post(.cancel(id: id)) }
            }
        } onCancel: {
            mailbox.post(.cancel(id: id))
        }
        return try result.get()
    }

    private func refused(_ message: String) -> ChurnError {
        ChurnError(code: .invalidArgument, message: "\(message) (\(configuration.endpoint))", notProcessed: true)
    }

    private func wrongAnswer(_ call: String) -> ChurnError {
        ChurnError(
            code: .internal,
            message: "\(call) at \(configuration.endpoint): the server's answer does not belong to the request; "
                + "are client and server of one major version?"
        )
    }
}
