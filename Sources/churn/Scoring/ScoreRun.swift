internal import ChurnClient

/// Sends batches with several on their way, and hands the answers on in the order of the rows.
struct ScoreRun {
    let client: ChurnClient
    let selector: String

    /// Batches sent and not yet written: enough to keep reader, server and writer busy, and a bound of the memory.
    private static let window = 4

    func score(_ source: any ScoreSource, write: ([Int64], BatchPrediction) throws -> Void) async throws {
        try await withThrowingTaskGroup(of: (index: Int, answer: BatchPrediction).self) { group in
            var labels: [Int: [Int64]] = [:]
            var answers: [Int: BatchPrediction] = [:]
            var sent = 0
            var written = 0
            var hasMore = true
            while true {
                while hasMore, sent - written < Self.window {
                    guard let batch = try source.next() else {
                        hasMore = false
                        break
                    }
                    labels[sent] = batch.labels
                    group.addTask { [index = sent] in (index, try await answer(batch.rows)) }
                    sent += 1
                }
                guard let (index, answer) = try await group.next() else { return }
                answers[index] = answer
                while let answer = answers.removeValue(forKey: written), let rows = labels.removeValue(forKey: written)
                {
                    try write(rows, answer)
                    written += 1
                }
            }
        }
    }

    private func answer(_ rows: ScoreBatch.Rows) async throws(ChurnError) -> BatchPrediction {
        switch rows {
        case .ids(let ids): try await client.predictBatch(customerIDs: ids, model: selector)
        case .columns(let columns): try await client.predictBatch(columns: columns, model: selector)
        }
    }
}
