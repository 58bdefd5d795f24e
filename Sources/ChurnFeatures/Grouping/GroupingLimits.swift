internal import ChurnBase

/// Every bound of grouping a history by customer. Memory is about `memoryBytes` and what one customer's distinct invoices,
/// products and days take, whatever the number of lines.
package enum GroupingLimits {
    /// Bytes of lines held before they are sorted and written to a temporary file.
    package static let memoryBytes = 256 << 20
    /// Bytes of one basket; a longer one goes on as another. Also keeps a basket below the lines among which the reader
    /// numbers equal ones, so that no line is twice in one basket.
    package static let basketBytes = 32 << 10
    /// Sorted runs of one history.
    package static let runs = 2_048
    /// Bytes of the read buffers of all runs together, while they are merged.
    package static let mergeBytes = 128 << 20
    /// Lines of one customer, invoice and minute that come in several pieces, which are compared line by line.
    package static let repeatedLines = 1_000_000

    static func check() {
        PackedNumbers.check()
        // Lengths are written in 16 bits.
        precondition(CustomerID.textBytes <= 0xFFFF && ReadingLimits.invoiceBytes <= 0xFFFF)
        // A line takes at least 24 bytes.
        precondition(basketBytes / 24 < ReadingLimits.copyWindowLines)
        precondition(mergeBytes / runs >= 2 * basketBytes)
    }
}

/// How one history is grouped; the defaults are `GroupingLimits`. Others serve tests.
package struct GroupingSettings: Sendable {
    /// At least 256 KiB.
    package var memoryBytes: Int
    /// Where the temporary file is made; nil: `$TMPDIR`, else `/var/tmp`.
    package var temporaryDirectory: String?
    /// Bytes that the temporary file may take at most; nil: what the disk has.
    package var temporaryBytes: Int64?

    package static let defaults = GroupingSettings()

    package init(
        memoryBytes: Int = GroupingLimits.memoryBytes,
        temporaryDirectory: String? = nil,
        temporaryBytes: Int64? = nil
    ) {
        self.memoryBytes = max(memoryBytes, 8 * GroupingLimits.basketBytes)
        self.temporaryDirectory = temporaryDirectory
        self.temporaryBytes = temporaryBytes
    }
}

/// Why a history cannot be grouped.
package enum GroupingError: Error, Equatable, CustomStringConvertible {
    case facts(FactsError)
    case noPurchases
    case emptyHistory(asOfMinute: Int64)
    case temporaryFile(TemporaryFileError)
    case tooManyRuns(limit: Int)
    case tooManyRepeatedLines(customer: Int64, limit: Int)

    package var description: String {
        switch self {
        case .facts(let error): error.description
        case .noPurchases: "there is no purchase in the files; check that they are the right ones"
        case .emptyHistory(let minute):
            "there is no purchase before \(CivilTime.format(minute: minute)); choose a later day"
        case .temporaryFile(let error): error.description
        case .tooManyRuns(let limit):
            "more than \(limit) temporary runs; the history is too large to be built from files, ingest it into a store"
        case .tooManyRepeatedLines(let customer, let limit):
            "customer \(customer): more than \(limit) lines of one invoice and minute, in pieces; ingest into a store"
        }
    }
}
