/// How many lines are read, or are made durable, at a time.
enum IngestBatch {
    /// Some megabytes of text: enough for a transaction of a store to cost little per line, few enough for a report of progress every second.
    static let defaultLines = 20_000
}
