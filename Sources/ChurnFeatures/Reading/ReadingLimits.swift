package import ChurnBase

/// Every bound of the reader. None depends on the size of a file: memory is about
/// `bufferBytes + recordBytes + 40 * copyWindowLines`, whatever is read.
package enum ReadingLimits {
    /// Bytes asked of the file at a time; small enough to stay in a second-level cache while it is parsed.
    package static let bufferBytes = 256 << 10
    /// Bytes of one record without its line end. A longer one is rejected and the next line is read.
    package static let recordBytes = 1 << 20
    /// Columns of a header.
    package static let columns = 256
    /// UTF-8 bytes of the trimmed field.
    package static let invoiceBytes = 64
    package static let stockCodeBytes = 64
    package static let descriptionBytes = 1024
    package static let countryBytes = 1024
    /// Trimmed bytes of a number or a date; what is longer cannot be one.
    package static let numberBytes = 64
    /// Whole units of money.
    package static let priceUnits: Int64 = 1_000_000_000
    /// Thousandths of money of one line. A customer would need 9,000 such lines for a sum beyond 64 bits.
    package static let lineAmountMilli: Int64 = 1_000_000_000_000_000
    /// Records of a file that the first pass reads in any case.
    package static let evidenceLines = 200
    /// Numbers that are taken for the serial of a day without being told: 1954-10-03 to 2119-01-11.
    package static let likelySerials: ClosedRange<Int64> = 20_000...80_000
    /// Days since 1970-01-01 that an epoch is taken to mean in a message: 1990 to 2099.
    package static let likelyEpochDays: ClosedRange<Int64> = 7_305...47_481
    /// What two-digit years of a pattern stand for without being told: 2000 to 2099.
    package static let patternYearBase = 2000
    /// Statuses of orders that are counted by name, and bytes of one.
    package static let statuses = 20
    package static let statusBytes = 64
    /// Lines with a date that are tried before a file is refused because no date layout fits.
    package static let dateProbeLines = 1000
    /// Equal lines at most this many kept lines apart are told apart by `copy`. A power of two. The copies of the real
    /// data lie at most 208 lines apart. Four times as many would not fit a second-level cache (1 MiB) and cost a sixth of
    /// the reader's speed.
    package static let copyWindowLines = 16_384
    /// Rejected lines written per reason; all are counted.
    package static let rejectsPerReason = 1000
    /// Bytes of a rejected line that are written.
    package static let rejectTextBytes = 4096
    /// Bytes of outside text that a message repeats.
    package static let messageTextBytes = 80
    /// Compressed bytes asked of a gzip file at a time.
    package static let gzipInputBytes = 64 << 10
    /// Rejected lines are written to their file in pieces of this size.
    package static let rejectsBufferBytes = 64 << 10
}

/// How one reader works; the defaults are `ReadingLimits`. Others serve tests, which force every boundary into small inputs.
package struct ReadingSettings: Sendable {
    /// At least 1.
    package var bufferBytes: Int
    /// At least 16.
    package var recordBytes: Int
    /// At least 1, rounded up to a power of two, at most 2^20.
    package var copyWindowLines: Int
    /// Makes the numbers of customers that are texts.
    package var customerHash: CustomerHash

    package static let defaults = ReadingSettings()

    package init(
        bufferBytes: Int = ReadingLimits.bufferBytes,
        recordBytes: Int = ReadingLimits.recordBytes,
        copyWindowLines: Int = ReadingLimits.copyWindowLines,
        customerHash: CustomerHash = .standard
    ) {
        self.customerHash = customerHash
        self.bufferBytes = min(max(1, bufferBytes), 64 << 20)
        self.recordBytes = min(max(16, recordBytes), 64 << 20)
        var window = 1
        while window < min(copyWindowLines, 1 << 20) { window *= 2 }
        self.copyWindowLines = window
    }
}
