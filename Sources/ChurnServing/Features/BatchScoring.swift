internal import ChurnCalls
internal import ChurnModel

/// Memory for the rows of one batch at a time; it grows to the largest batch it has seen.
///
/// Used by one thread at a time: an event loop for the small batches of its connections, a worker for a large one.
package final class BatchScratch {
    private(set) var probabilities = UnsafeMutableBufferPointer<Double>(start: nil, count: 0)
    private(set) var decisions = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
    private(set) var statuses = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
    /// Transformed inputs: for a slice of rows.
    private(set) var inputs = UnsafeMutableBufferPointer<Double>(start: nil, count: 0)
    /// For a group of ids: their rows in the table, and where the model's inputs are.
    let found = UnsafeMutableBufferPointer<Int32>.allocate(capacity: groupRows)
    let pointers = UnsafeMutableBufferPointer<UnsafePointer<Double>>.allocate(capacity: groupRows)

    static let groupRows = 256

    /// Rows of the largest batch so far, whose memory is kept.
    package var capacityRows: Int { probabilities.count }

    package init() {}

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
        let wanted = min(rows, ServingLimits.rowsPerSlice) * inputCount
        if inputs.count < wanted {
            inputs.deallocate()
            inputs = .allocate(capacity: wanted)
        }
    }
}

// MARK: Batches whose features come with the request

extension ServedModel {
    /// - Parameters:
    ///   - columns: one for each input, in any order.
    ///   - firstRow: the row of the request that their first value is of; texts about rows count from the request's.
    /// - Returns: the answer, which points into `scratch`.
    func score(
        columns: UnsafeBufferPointer<FeatureColumnView>,
        firstRow: Int,
        _ context: CallContext,
        scratch: BatchScratch
    ) throws(CallFailure) -> PredictBatchAnswer {
        let inputs = model.inputs
        let order = try columnOrder(columns)
        let rows = columns[order[0]].values.count
        for (position, index) in order.enumerated() where columns[index].values.count != rows {
            throw .invalidArgument(
                "column \(inputs[position].feature) has \(columns[index].values.count) rows and column "
                    + "\(inputs[0].feature) has \(rows); all columns must have the same number of rows"
            )
        }
        try requireRows(rows)
        scratch.reserve(rows: rows, inputCount: inputs.count)
        // One pointer a column, moved on from slice to slice: into the request itself, or into transformed inputs.
        let pointers = UnsafeMutableBufferPointer<UnsafePointer<Double>>.allocate(capacity: inputs.count)
        defer { pointers.deallocate() }
        let transformed = scratch.inputs
        try forEachSlice(of: rows, context) { first, count throws(CallFailure) in
            for (position, index) in order.enumerated() {
                let values = columns[index].values.baseAddress.unsafelyUnwrapped + first
                let transform = inputs[position].transform
                if transform == .identity {
                    pointers[position] = values
                    continue
                }
                let out = transformed.baseAddress.unsafelyUnwrapped + position * count
                scorer.transform(column: values, ofInput: position, rows: count, into: out)
                pointers[position] = UnsafePointer(out)
            }
            let start = pointers.baseAddress.unsafelyUnwrapped
            if let invalid = scorer.firstInvalid(columns: start, rows: count) {
                let value = columns[order[invalid.column]].values[first + invalid.row]
                throw .invalidArgument(
                    "row \(firstRow + first + invalid.row) of column \(inputs[invalid.column].feature) is \(value); the model takes "
                        + "finite values within the domain of its transform (\(inputs[invalid.column].transform.name))"
                )
            }
            scorer.score(
                columns: start,
                rows: count,
                probabilities: scratch.probabilities.baseAddress.unsafelyUnwrapped + first
            )
        }
        return batchAnswer(rows: rows, scratch, hasStatuses: false, featureTime: 0)
    }

    /// Which column of the request holds each input of the model.
    private func columnOrder(_ columns: UnsafeBufferPointer<FeatureColumnView>) throws(CallFailure) -> [Int] {
        let inputs = model.inputs
        guard columns.count <= CallLimits.batchColumns else {
            throw .invalidArgument("\(columns.count) columns are more than the limit of \(CallLimits.batchColumns)")
        }
        var order = [Int?](repeating: nil, count: inputs.count)
        for index in 0..<columns.count {
            guard let bytes = columns[index].name, let name = String(validatingCString: bytes) else {
                throw .invalidArgument("the name of column \(index) is not UTF-8")
            }
            guard let position = inputs.firstIndex(where: { $0.feature == name }) else {
                throw .invalidArgument(
                    "the model \(model.selector) has no feature \(quotedForPeer(name)); \(expectation)"
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
        "it takes \(model.inputs.map(\.feature).joined(separator: ", "))"
    }
}

// MARK: What all batches share

func requireRows(_ rows: Int) throws(CallFailure) {
    guard rows > 0 else { throw .invalidArgument("the batch has no rows") }
    guard rows <= CallLimits.batchRows else {
        throw .invalidArgument("\(rows) rows are more than the limit of \(CallLimits.batchRows)")
    }
}

/// Calls `body` for one slice of rows after another, as long as somebody waits for the answer.
func forEachSlice(
    of rows: Int,
    _ context: CallContext,
    _ body: (_ first: Int, _ count: Int) throws(CallFailure) -> Void
) throws(CallFailure) {
    var first = 0
    while first < rows {
        try context.check()
        let count = min(ServingLimits.rowsPerSlice, rows - first)
        try body(first, count)
        first += count
    }
}
