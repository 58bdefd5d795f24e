internal import ChurnClient

/// Rows on their way to the server.
struct ScoreBatch: Sendable {
    enum Rows: Sendable {
        case ids([Int64])
        case columns([FeatureColumn])
    }

    /// What each row is called in the output: its customer, or its number.
    var labels: [Int64]
    var rows: Rows
}

/// Where rows come from, batch by batch, so that memory does not grow with their number.
protocol ScoreSource: AnyObject {
    /// Title of the labels.
    var label: String { get }

    /// - Returns: `nil` at the end.
    func next() throws -> ScoreBatch?
}

/// Customer ids that are known already.
final class StoreSource: ScoreSource {
    let label = "customer_id"
    private let ids: [Int64]
    private let batchRows: Int
    private var position = 0

    init(ids: [Int64], batchRows: Int) {
        self.ids = ids
        self.batchRows = batchRows
    }

    func next() -> ScoreBatch? {
        guard position < ids.count else { return nil }
        let batch = Array(ids[position..<min(position + batchRows, ids.count)])
        position += batch.count
        return ScoreBatch(labels: batch, rows: .ids(batch))
    }
}
