internal import ChurnFeatures
internal import ChurnModel
internal import ChurnProtocol

/// Memory for the rows of one batch at a time; it grows to the largest batch it has seen.
///
/// Used by one thread at a time: an event loop for the small batches of its connections, a worker for a large one.
final class BatchScratch {
    private(set) var probabilities = UnsafeMutableBufferPointer<Double>(start: nil, count: 0)
    private(set) var decisions = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
    private(set) var statuses = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
    /// Transformed inputs: for a slice of rows.
    private(set) var inputs = UnsafeMutableBufferPointer<Double>(start: nil, count: 0)
    /// For a group of ids: their rows in the table, and where the model's inputs are.
    let found = UnsafeMutableBufferPointer<Int32>.allocate(capacity: groupRows)
    let pointers = UnsafeMutableBufferPointer<UnsafePointer<Double>>.allocate(capacity: groupRows)

    static let groupRows = 256

    deinit {
        probabilities.deallocate()
        decisions.deallocate()
        statuses.deallocate()
        inputs.deallocate()
        found.deallocate()
        pointers.deallocate()
    }

    func reserve(rows: Int, inputCount: Int) {
        if probabilities.count < rows {
            probabilities.deallocate()
            decisions.deallocate()
            statuses.deallocate()
            probabilities = .allocate(capacity: rows)
            decisions = .allocate(capacity: rows)
            statuses = .allocate(capacity: rows)
        }
        let wanted = min(rows, ServerLimits.rowsPerSlice) * inputCount
        if inputs.count < wanted {
            inputs.deallocate()
            inputs = .allocate(capacity: wanted)
        }
    }
}

/// Scores the rows of one PredictBatch into `scratch`; the answer points into it.
///
/// `checkpoint` is called before each slice of rows and ends the call by throwing: the deadline has passed, or the
/// peer has gone.
struct BatchScoring {
    let snapshot: ServingSnapshot
    let modelIndex: Int
    let scratch: BatchScratch

    private var served: ServedModel { snapshot.models[modelIndex] }

    func score(
        ids: UnsafeBufferPointer<Int64>,
        checkpoint: () throws(CallFailure) -> Void
    ) throws(CallFailure) -> PredictBatchAnswer {
        try Self.requireRows(ids.count)
        guard let resident = snapshot.resident else { throw .noFeatures }
        let rows = ids.count
        let table = resident.table
        let columns = served.inputColumns
        scratch.reserve(rows: rows, inputCount: 0)
        let found = scratch.found.baseAddress.unsafelyUnwrapped
        let pointers = scratch.pointers.baseAddress.unsafelyUnwrapped
        let statuses = scratch.statuses
        let customers = ids.baseAddress.unsafelyUnwrapped
        var unknown = 0
        try slices(of: rows, checkpoint: checkpoint) { first, count in
            // In groups whose rows are still in the first-level cache when they are scored.
            for start in stride(from: first, to: first + count, by: BatchScratch.groupRows) {
                let size = min(BatchScratch.groupRows, first + count - start)
                table.findRows(of: customers + start, count: size, into: found, reading: columns)
                for index in 0..<size {
                    // An unknown customer is scored like row 0, which every table has, and overwritten below.
                    let isUnknown = found[index] < 0
                    pointers[index] = table.features(row: isUnknown ? 0 : Int(found[index])) + columns.lowerBound
                    statuses[start + index] = UInt8((isUnknown ? StatusCode.notFound : .ok).rawValue)
                    unknown += isUnknown ? 1 : 0
                }
                served.scorer.score(
                    rows: pointers,
                    rowCount: size,
                    probabilities: scratch.probabilities.baseAddress.unsafelyUnwrapped + start
                )
            }
        }
        if unknown > 0 {
            for row in 0..<rows where statuses[row] != 0 { scratch.probabilities[row] = .nan }
        }
        return answer(rows: rows, hasStatuses: unknown > 0, featureTime: resident.featureTime)
    }

    func score(
        columns: FeatureColumnsView,
        checkpoint: () throws(CallFailure) -> Void
    ) throws(CallFailure) -> PredictBatchAnswer {
        let inputs = served.model.inputs
        let order = try columnOrder(columns)
        let rows = columns.values(order[0]).count
        for (position, index) in order.enumerated() where columns.values(index).count != rows {
            throw .invalidArgument(
                "column \(inputs[position].feature) has \(columns.values(index).count) rows and column "
                    + "\(inputs[0].feature) has \(rows); all columns must have the same number of rows"
            )
        }
        try Self.requireRows(rows)
        scratch.reserve(rows: rows, inputCount: inputs.count)
        // One pointer a column, moved on from slice to slice: into the request itself, or into transformed inputs.
        let pointers = UnsafeMutableBufferPointer<UnsafePointer<Double>>.allocate(capacity: inputs.count)
        defer { pointers.deallocate() }
        let transformed = scratch.inputs
        try slices(of: rows, checkpoint: checkpoint) { first, count throws(CallFailure) in
            for (position, index) in order.enumerated() {
                let values = columns.values(index).baseAddress.unsafelyUnwrapped + first
                let transform = inputs[position].transform
                if transform == .identity {
                    pointers[position] = values
                    continue
                }
                let out = transformed.baseAddress.unsafelyUnwrapped + position * count
                served.scorer.transform(column: values, ofInput: position, rows: count, into: out)
                pointers[position] = UnsafePointer(out)
            }
            let start = pointers.baseAddress.unsafelyUnwrapped
            if let invalid = served.scorer.firstInvalid(columns: start, rows: count) {
                let value = columns.values(order[invalid.column])[first + invalid.row]
                throw .invalidArgument(
                    "row \(first + invalid.row) of column \(inputs[invalid.column].feature) is \(value); the model takes "
                        + "finite values within the domain of its transform (\(inputs[invalid.column].transform.name))"
                )
            }
            served.scorer.score(
                columns: start,
                rows: count,
                probabilities: scratch.probabilities.baseAddress.unsafelyUnwrapped + first
            )
        }
        return answer(rows: rows, hasStatuses: false, featureTime: 0)
    }

    /// Which column of the request holds each input of the model.
    private func columnOrder(_ columns: FeatureColumnsView) throws(CallFailure) -> [Int] {
        let inputs = served.model.inputs
        guard columns.count <= ProtocolLimits.batchColumns else {
            throw .invalidArgument("\(columns.count) columns are more than the limit of \(ProtocolLimits.batchColumns)")
        }
        var order = [Int?](repeating: nil, count: inputs.count)
        for index in 0..<columns.count {
            guard let bytes = columns.name(index), let name = String(validatingCString: bytes) else {
                throw .invalidArgument("the name of column \(index) is not UTF-8")
            }
            guard let position = inputs.firstIndex(where: { $0.feature == name }) else {
                throw .invalidArgument(
                    "the model \(served.model.selector) has no feature \(quoted(name)); \(expectation)"
                )
            }
            guard order[position] == nil else { throw .invalidArgument("the column \(name) is there twice") }
            order[position] = index
        }
        var found: [Int] = []
        for (position, index) in order.enumerated() {
            guard let index else {
                throw .invalidArgument("the column \(inputs[position].feature) is missing; \(expectation)")
            }
            found.append(index)
        }
        return found
    }

    private var expectation: String {
        "it takes \(served.model.inputs.map(\.feature).joined(separator: ", "))"
    }

    static func requireRows(_ rows: Int) throws(CallFailure) {
        guard rows > 0 else { throw .invalidArgument("the batch has no rows") }
        guard rows <= ProtocolLimits.batchRows else {
            throw .invalidArgument("\(rows) rows are more than the limit of \(ProtocolLimits.batchRows)")
        }
    }

    private func slices(
        of rows: Int,
        checkpoint: () throws(CallFailure) -> Void,
        _ body: (_ start: Int, _ count: Int) throws(CallFailure) -> Void
    ) throws(CallFailure) {
        var start = 0
        while start < rows {
            try checkpoint()
            let count = min(ServerLimits.rowsPerSlice, rows - start)
            try body(start, count)
            start += count
        }
    }

    private func answer(rows: Int, hasStatuses: Bool, featureTime: Int64) -> PredictBatchAnswer {
        served.batchAnswer(
            rows: rows,
            probabilities: scratch.probabilities,
            decisions: scratch.decisions,
            statuses: hasStatuses ? scratch.statuses : nil,
            featureTime: featureTime
        )
    }
}
