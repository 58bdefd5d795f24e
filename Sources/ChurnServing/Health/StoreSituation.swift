package import ChurnStore

extension StoreError {
    /// What a caller is told of it: one fixed text for each situation, which names no path, host or command. The log has
    /// the rest, `description`.
    package var situation: String {
        switch self {
        case .notFound: "the store is not there"
        case .busy: "the store is busy"
        case .noTransactions, .emptyHistory, .noBuild: "no features are loaded"
        case .damaged, .damagedLines, .facts: "what the store holds is damaged"
        case .unreachable: "the store cannot be reached"
        case .refused: "the store does not allow it"
        case .unavailable: "the store cannot be read"
        case .olderSchema: "the store was written by an older version"
        case .newerSchema: "the store was written by a newer version"
        case .invalidLocation, .unusableAddress, .notAStore: "the store cannot be used"
        }
    }
}
