/// Cleaned lines in the order they were read, kept until it is settled that they are to be stored.
///
/// They are in memory up to a limit, and behind it in a temporary file without a name. An invoice's lines share much with
/// the line before, so what is equal is not written again: the real data take 57 bytes per line. A record:
///
/// | bytes | holds |
/// |---|---|
/// | 8 | flags (16 bits), bytes of the customer's text, description and country (16 bits each) |
/// | 16 | `PackedNumbers`, two words |
/// | 24 | unless as before: customer, minute, bytes of the invoice |
/// | | unless as before: invoice; stock code; description; unless as before: country |
/// | | unless as before, and where the customer is a text: its check (8 bytes) and the text |
///
/// A mark has the flag alone, and three numbers. A chunk begins with a line that takes nothing over.
package struct TransactionSpool: ~Copyable {
    /// How far the reading of an input was when a batch ended.
    package struct Mark: Equatable, Sendable {
        /// Position of the input in the command.
        package var input: Int
        package var lines: Int64
        package var plainBytes: Int64

        package init(input: Int, lines: Int64, plainBytes: Int64) {
            self.input = input
            self.lines = lines
            self.plainBytes = plainBytes
        }
    }

    /// Without texts.
    static let numberBytes = 56
    private static let markBytes = 32

    /// What the record begins with.
    private enum Flag {
        static let sameOrder: UInt64 = 1
        static let sameCountry: UInt64 = 2
        static let mark: UInt64 = 4
    }

    /// Lines, without marks.
    package private(set) var lineCount: Int64 = 0

    private let settings: SpoolSettings
    /// Full chunks that stay in memory.
    private var kept: [SpoolChunk] = []
    /// Bytes used of the chunks in the file, in their order.
    private var filed: [Int] = []
    private var file: TemporaryFile?
    private var current: SpoolChunk
    /// The line before in the same chunk; nil before its first.
    private var previous: Previous?

    private struct Previous {
        var customer: Int64
        var customerCheck: UInt64
        var minute: Int64
        var invoice: UnsafeBufferPointer<UInt8>
        var country: UnsafeBufferPointer<UInt8>
    }

    package init(settings: SpoolSettings = .defaults) {
        SpoolLimits.check()
        self.settings = settings
        current = SpoolChunk(byteCount: settings.chunkBytes)
        file = nil
    }

    /// Bytes of the temporary file.
    package var filedBytes: Int64 { Int64(filed.count) * Int64(settings.chunkBytes) }

    /// Adds a line; its texts are copied.
    package mutating func append(_ line: TransactionLine) throws(TemporaryFileError) {
        let textBytes =
            line.customerText.count + line.invoice.count + line.stockCode.count + line.description.count
            + line.country.count
        if current.freeBytes < Self.numberBytes + textBytes { try endChunk() }
        precondition(current.freeBytes >= Self.numberBytes + textBytes)
        var flags: UInt64 = 0
        if let previous {
            let isSameOrder =
                previous.customer == line.customer && previous.customerCheck == line.customerCheck
                && previous.minute == line.minute && isEqual(previous.invoice, line.invoice)
            flags =
                (isSameOrder ? Flag.sameOrder : 0) | (isEqual(previous.country, line.country) ? Flag.sameCountry : 0)
        }
        current.append(
            flags | UInt64(line.customerText.count) << 16 | UInt64(line.description.count) << 32
                | UInt64(line.country.count) << 48
        )
        let numbers = PackedNumbers(line)
        current.append(numbers.first)
        current.append(numbers.second)
        var invoice = previous?.invoice ?? line.invoice
        if flags & Flag.sameOrder == 0 {
            current.append(UInt64(bitPattern: line.customer))
            current.append(UInt64(bitPattern: line.minute))
            current.append(UInt64(line.invoice.count))
            invoice = current.append(line.invoice)
        }
        current.append(line.stockCode)
        current.append(line.description)
        var country = previous?.country ?? line.country
        if flags & Flag.sameCountry == 0 { country = current.append(line.country) }
        if flags & Flag.sameOrder == 0, !line.customerText.isEmpty {
            current.append(line.customerCheck)
            current.append(line.customerText)
        }
        previous = Previous(
            customer: line.customer,
            customerCheck: line.customerCheck,
            minute: line.minute,
            invoice: invoice,
            country: country
        )
        lineCount += 1
    }

    package mutating func append(_ mark: Mark) throws(TemporaryFileError) {
        if current.freeBytes < Self.markBytes { try endChunk() }
        precondition(current.freeBytes >= Self.markBytes)
        current.append(Flag.mark)
        current.append(UInt64(mark.input))
        current.append(UInt64(bitPattern: mark.lines))
        current.append(UInt64(bitPattern: mark.plainBytes))
    }

    /// Makes room for the next record.
    private mutating func endChunk() throws(TemporaryFileError) {
        previous = nil
        if (kept.count + 1) * settings.chunkBytes <= settings.memoryBytes {
            kept.append(current)
            current = SpoolChunk(byteCount: settings.chunkBytes)
            return
        }
        if file == nil {
            file = try TemporaryFile(directory: settings.temporaryDirectory, limitBytes: settings.temporaryBytes)
        }
        try file?.reserve(Int64(settings.chunkBytes))
        // Whole, so that the place of a chunk follows from its number.
        try file?.append(current.whole)
        filed.append(current.usedBytes)
        current.removeAll()
    }

    /// Calls `body` with every line and `atMark` with every mark, in the order in which they were added.
    ///
    /// - Parameter body: the line's texts are valid only inside the call.
    /// - Throws: `TemporaryFileError`, or what a closure throws.
    package borrowing func replay(
        _ body: (TransactionLine) throws -> Void,
        atMark: (Mark) throws -> Void
    ) throws {
        for chunk in kept { try Self.replay(chunk, body, atMark) }
        if !filed.isEmpty {
            let chunk = SpoolChunk(byteCount: settings.chunkBytes)
            for (index, usedBytes) in filed.enumerated() {
                try read(chunk, usedBytes, at: Int64(index) * Int64(settings.chunkBytes))
                try Self.replay(chunk, body, atMark)
            }
        }
        try Self.replay(current, body, atMark)
    }

    private borrowing func read(_ chunk: SpoolChunk, _ usedBytes: Int, at offset: Int64) throws(TemporaryFileError) {
        try file?.read(into: chunk.fill(usedBytes), at: offset)
    }

    private static func replay(
        _ chunk: SpoolChunk,
        _ body: (TransactionLine) throws -> Void,
        _ atMark: (Mark) throws -> Void
    ) throws {
        var reader = chunk.reader
        var line = TransactionLine.empty
        while let head = reader.word() {
            guard head & Flag.mark == 0 else {
                let input = Int(reader.word() ?? 0)
                let lines = Int64(bitPattern: reader.word() ?? 0)
                try atMark(Mark(input: input, lines: lines, plainBytes: Int64(bitPattern: reader.word() ?? 0)))
                continue
            }
            let numbers = PackedNumbers(first: reader.word() ?? 0, second: reader.word() ?? 0)
            line.quantityMilli = numbers.quantityMilli
            line.amountMilli = numbers.amountMilli
            line.copy = numbers.copy
            if head & Flag.sameOrder == 0 {
                line.customer = Int64(bitPattern: reader.word() ?? 0)
                line.minute = Int64(bitPattern: reader.word() ?? 0)
                line.invoice = reader.text(Int(reader.word() ?? 0))
            }
            line.stockCode = reader.text(numbers.stockCodeBytes)
            line.description = reader.text(Int(head >> 32 & 0xFFFF))
            if head & Flag.sameCountry == 0 { line.country = reader.text(Int(head >> 48)) }
            if head & Flag.sameOrder == 0 {
                let textBytes = Int(head >> 16 & 0xFFFF)
                line.customerCheck = textBytes > 0 ? reader.word() ?? 0 : 0
                line.customerText = reader.text(textBytes)
            }
            try body(line)
        }
    }
}

extension TransactionLine {
    /// Without texts and with zeros: to be filled.
    package static var empty: TransactionLine {
        let none = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
        return TransactionLine(
            invoice: none,
            stockCode: none,
            description: none,
            country: none,
            customer: 0,
            minute: 0,
            quantityMilli: 0,
            amountMilli: 0,
            copy: 0
        )
    }
}
