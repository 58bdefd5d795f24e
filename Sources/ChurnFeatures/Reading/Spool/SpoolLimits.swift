internal import ChurnBase

/// Every bound of keeping cleaned lines until all inputs are judged. Memory is about `memoryBytes`, whatever their number.
package enum SpoolLimits {
    /// Bytes of lines in memory; those that follow go to a temporary file. The real data take 22 MiB.
    package static let memoryBytes = 128 << 20
    /// Lines are written to the file, and read from it, in pieces of this size.
    package static let chunkBytes = 2 << 20
    /// Bytes of the longest line: its numbers, and texts as long as the reader lets them be.
    static let lineBytes =
        TransactionSpool.numberBytes + CustomerID.textBytes + ReadingLimits.invoiceBytes + ReadingLimits.stockCodeBytes
        + ReadingLimits.descriptionBytes + ReadingLimits.countryBytes

    static func check() {
        PackedNumbers.check()
        precondition(chunkBytes >= lineBytes && chunkBytes.isMultiple(of: 8))
        // Lengths are written in 16 bits.
        precondition(lineBytes <= UInt16.max)
    }
}

/// How lines are spooled; the defaults are `SpoolLimits`. Others serve tests.
package struct SpoolSettings: Sendable {
    /// 0 has every line go through the file.
    package var memoryBytes: Int
    /// At least one longest line.
    package var chunkBytes: Int
    /// Where the temporary file is made; nil: `$TMPDIR`, else `/var/tmp`.
    package var temporaryDirectory: String?
    /// Bytes that the temporary file may take at most; nil: what the disk has.
    package var temporaryBytes: Int64?

    package static let defaults = SpoolSettings()

    package init(
        memoryBytes: Int = SpoolLimits.memoryBytes,
        chunkBytes: Int = SpoolLimits.chunkBytes,
        temporaryDirectory: String? = nil,
        temporaryBytes: Int64? = nil
    ) {
        self.memoryBytes = max(0, memoryBytes)
        self.chunkBytes = max(chunkBytes, SpoolLimits.lineBytes)
        self.temporaryDirectory = temporaryDirectory
        self.temporaryBytes = temporaryBytes
    }
}
