internal import ChurnBase
internal import ChurnCalls
internal import ChurnModel
internal import ChurnServing
internal import NIOCore

/// A request of the Open Inference Protocol, read and checked as far as the engine does not check it.
struct InferenceRequest: Sendable {
    /// The caller's own name for the request; empty when it has none.
    let id: String
    let served: ServedModel
    let outputs: [InferenceOutput]
    let deadline: NIODeadline?
    private let rows: Rows
    /// Of the memory of `rows`; `nil` for a small request.
    private let reserved: MemoryBudget.Reservation?

    private enum Rows: Sendable {
        case ids([Int64])
        case texts(CustomerTextList)
        case columns(InferenceColumns)
    }

    /// What a request says besides its tensors.
    struct Head {
        var id = ""
        /// Empty: all of them, in binary if `wantsBinary`.
        var outputs: [InferenceOutput] = []
        var wantsBinary = false
        var deadline: NIODeadline?
    }

    /// - Parameters:
    ///   - selector: of the model: NUL-terminated, "name" or "name@version".
    ///   - reserved: of the memory that the tensors' values take.
    init(
        _ head: Head,
        model selector: [CChar],
        _ tensors: [InferenceTensor],
        _ snapshot: ServingSnapshot,
        reserved: MemoryBudget.Reservation?
    ) throws(CallFailure) {
        served = try Self.model(selector, snapshot)
        (id, deadline, self.reserved) = (head.id, head.deadline, reserved)
        outputs =
            head.outputs.isEmpty
            ? InferenceOutputName.allCases.map { InferenceOutput(name: $0, isBinary: head.wantsBinary) } : head.outputs
        rows = try Self.rows(tensors, served)
    }

    /// - Throws: what to tell a caller who wants a model that is not served.
    static func model(_ selector: [CChar], _ snapshot: ServingSnapshot) throws(CallFailure) -> ServedModel {
        guard selector.count > 1 else { throw .invalidArgument("the request names no model") }
        guard !selector.dropLast().contains(0) else { throw .invalidArgument("the model's name has a NUL in it") }
        let found = selector.withUnsafeBufferPointer { selector -> Result<ServedModel, CallFailure> in
            do throws(CallFailure) {
                return .success(try snapshot.models.model(selector.baseAddress.unsafelyUnwrapped))
            } catch {
                return .failure(error)
            }
        }
        return try found.get()
    }

    /// - Parameter microseconds: the parameter `timeout`; 0 and `nil` are none.
    static func timeout(_ microseconds: Int64?) throws(CallFailure) -> TimeAmount? {
        guard let microseconds, microseconds != 0 else { return nil }
        guard (1...Int64(UInt32.max) * 1_000).contains(microseconds) else {
            throw .invalidArgument("the parameter timeout is no number of microseconds from 0 on, or too large")
        }
        return .microseconds(microseconds)
    }

    private static func rows(_ tensors: [InferenceTensor], _ served: ServedModel) throws(CallFailure) -> Rows {
        guard let first = tensors.first else {
            throw .invalidArgument("the request has no inputs; \(InferenceMetadata.choice)")
        }
        for name in [InferenceMetadata.customerID, InferenceMetadata.customer, InferenceMetadata.features] {
            guard tensors.count == 1 || !tensors.contains(where: { $0.name == name }) else {
                throw .invalidArgument("the input \(name) stands alone; \(InferenceMetadata.choice)")
            }
        }
        if first.name == InferenceMetadata.customer { return .texts(try first.readTexts()) }
        if first.name == InferenceMetadata.customerID {
            return first.datatype == "BYTES" ? .texts(try first.readTexts()) : .ids(try first.readIDs())
        }
        var columns = InferenceColumns()
        if first.name == InferenceMetadata.features {
            try columns.append(served.model.inputs.map(\.feature), first)
            return .columns(columns)
        }
        guard tensors.count <= CallLimits.batchColumns else {
            throw .invalidArgument("\(tensors.count) inputs are more than the limit of \(CallLimits.batchColumns)")
        }
        for tensor in tensors {
            guard !tensor.name.utf8.contains(0) else { throw .invalidArgument("the name of an input has a NUL in it") }
            try columns.append([tensor.name], tensor)
        }
        return .columns(columns)
    }

    // MARK: Answering

    /// Makes the call. `deliver` is called at once, or else `later` on any thread.
    ///
    /// - Returns: whether the answer comes late.
    func answer(
        _ answerer: CallAnswerer,
        _ liveness: ConnectionLiveness,
        _ arrival: NIODeadline,
        _ snapshot: ServingSnapshot,
        deliver: (Answer) -> Void,
        later: @escaping @Sendable (LateAnswer) -> Void
    ) -> Bool {
        let context = CallContext(arrival: arrival, deadline: deadline, liveness: liveness)
        func perform(_ method: Call.Method) -> Bool {
            // The version too: it is this model that the columns were ordered for.
            served.model.selector.withCString { selector in
                answerer.answer(Call(model: selector, method: method), context, with: snapshot, deliver: deliver) {
                    later
                }
            }
        }
        switch rows {
        case .ids(let ids): return ids.withUnsafeBufferPointer { perform(.predictBatchByIDs($0)) }
        case .texts(let texts): return texts.withTexts { perform(.predictBatchByTexts($0)) }
        case .columns(let columns): return columns.withViews { perform(.predictBatchByColumns($0)) }
        }
    }

    /// Whether small requests like this one are answered at once.
    func isImmediate(_ snapshot: ServingSnapshot) -> Bool {
        if case .columns = rows { return true }
        return snapshot.features?.isImmediate ?? true
    }
}

/// Columns of features side by side in memory of their own.
struct InferenceColumns: Sendable {
    /// NUL-terminated, one after the other.
    private var names: [CChar] = []
    private var values: [Double] = []
    /// Where the name and the values of each begin.
    private var starts: [(name: Int, value: Int)] = []

    /// - Parameters:
    ///   - added: the names of the tensor's columns, without a NUL.
    mutating func append(_ added: [String], _ tensor: InferenceTensor) throws(CallFailure) {
        var start = values.count
        let rows = try tensor.readDoubles(columns: added.count, into: &values)
        for name in added {
            starts.append((names.count, start))
            names += name.utf8.map { CChar(bitPattern: $0) }
            names.append(0)
            start += rows
        }
    }

    func withViews<Value>(_ body: (UnsafeBufferPointer<FeatureColumnView>) -> Value) -> Value {
        names.withUnsafeBufferPointer { names in
            values.withUnsafeBufferPointer { values in
                let views = starts.indices.map { column in
                    let end = column + 1 < starts.count ? starts[column + 1].value : values.count
                    return FeatureColumnView(
                        name: names.baseAddress.map { $0 + starts[column].name },
                        values: UnsafeBufferPointer(rebasing: values[starts[column].value..<end])
                    )
                }
                return views.withUnsafeBufferPointer(body)
            }
        }
    }
}
