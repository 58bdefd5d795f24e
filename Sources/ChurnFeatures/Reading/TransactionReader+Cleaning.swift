extension TransactionReader {
    /// Fills `line` from the current record, all but `copy`; or says why the record is no clean line. The checks run in the
    /// order of `RejectReason`.
    mutating func clean(isLatin1: Bool) -> RejectReason? {
        guard records.fieldCount == header.columnCount else { return .wrongFieldCount }

        let customer = number(header.customer)
        if customer.isEmpty { return .noCustomer }
        switch FieldParsing.customer(customer) {
        case .value(let value): line.customer = value
        case .rejected(let reason): return reason
        }

        guard let invoice = text(header.invoice, 0, ReadingLimits.invoiceBytes, isLatin1) else {
            return .longInvoice
        }
        if invoice.isEmpty { return .missingInvoice }
        line.invoice = invoice
        guard let stockCode = text(header.stockCode, 1, ReadingLimits.stockCodeBytes, isLatin1) else {
            return .longStockCode
        }
        if stockCode.isEmpty { return .missingStockCode }
        line.stockCode = stockCode

        let cutSeconds: Bool
        let date = number(header.date)
        if date.isEmpty { return .missingDate }
        switch parseDate(date) {
        case .minute(let minute, let isCut):
            line.minute = minute
            cutSeconds = isCut
        case .withOffset: return .dateWithOffset
        case .invalid: return .badDate
        }

        switch FieldParsing.quantity(number(header.quantity)) {
        case .value(let value): line.quantity = value
        case .rejected(let reason): return reason
        }
        switch FieldParsing.priceMilli(number(header.price)) {
        case .value(let value): line.priceMilli = value
        case .rejected(let reason): return reason
        }

        guard let description = text(header.description, 2, ReadingLimits.descriptionBytes, isLatin1) else {
            return .longDescription
        }
        line.description = description
        guard let country = text(header.country, 3, ReadingLimits.countryBytes, isLatin1) else {
            return .longCountry
        }
        line.country = country
        if cutSeconds { counts.cutSeconds += 1 }
        return nil
    }

    /// Whether a record with line feeds inside its quotes has the right number of fields, each of a length that is taken.
    var isSensibleOverLines: Bool {
        guard records.fieldCount == header.columnCount else { return false }
        func fits(_ column: Int, _ limit: Int) -> Bool { column < 0 || records.field(column).text.count <= 2 * limit }
        return fits(header.customer, ReadingLimits.numberBytes) && fits(header.invoice, ReadingLimits.invoiceBytes)
            && fits(header.stockCode, ReadingLimits.stockCodeBytes) && fits(header.date, ReadingLimits.numberBytes)
            && fits(header.quantity, ReadingLimits.numberBytes) && fits(header.price, ReadingLimits.numberBytes)
            && fits(header.description, ReadingLimits.descriptionBytes)
            && fits(header.country, ReadingLimits.countryBytes)
    }

    /// A field that is a number or a date, trimmed.
    @inline(__always)
    private func number(_ column: Int) -> UnsafeBufferPointer<UInt8> {
        FieldParsing.trimmed(records.field(column).text)
    }

    /// A trimmed UTF-8 field; empty when there is no such column, nil when it is longer than `limit` bytes.
    ///
    /// `mutating` although it changes nothing: for a call that only borrows, Swift 6.3 copies the whole reader (900 bytes),
    /// which took an eighth of the reading time.
    @inline(__always)
    private mutating func text(
        _ column: Int,
        _ region: Int,
        _ limit: Int,
        _ isLatin1: Bool
    ) -> UnsafeBufferPointer<UInt8>? {
        guard column >= 0 else { return UnsafeBufferPointer(start: records.memory, count: 0) }
        let field = records.field(column)
        let trimmed = FieldParsing.trimmed(field.text)
        if !field.isQuoted, !isLatin1 { return trimmed.count <= limit ? trimmed : nil }
        return rewritten(trimmed, region: region, limit: limit, isQuoted: field.isQuoted, isLatin1: isLatin1)
    }

    private mutating func rewritten(
        _ text: UnsafeBufferPointer<UInt8>,
        region: Int,
        limit: Int,
        isQuoted: Bool,
        isLatin1: Bool
    ) -> UnsafeBufferPointer<UInt8>? {
        guard text.count <= 2 * limit else { return nil }
        guard isLatin1 || text.contains(UInt8(ascii: "\"")) else { return text.count <= limit ? text : nil }
        let result = scratch.rewrite(text, region: region, isQuoted: isQuoted, isLatin1: isLatin1)
        return result.count <= limit ? result : nil
    }

    /// By the file's layout, which the first date that fits one decides. The lines of an invoice share their date, so most
    /// are known from the line before.
    @inline(__always)
    private mutating func parseDate(_ text: UnsafeBufferPointer<UInt8>) -> ParsedDate {
        let words = DateWords(text)
        if let words, words == lastDate?.words, let date = lastDate?.date { return date }
        guard let dateLayout else { return parseFirstDate(text) }
        let date = dateLayout.parse(text)
        lastDate = words.map { ($0, date) }
        return date
    }

    private mutating func parseFirstDate(_ text: UnsafeBufferPointer<UInt8>) -> ParsedDate {
        let first = DateLayout.parseFirst(text)
        dateLayout = first.layout
        if first.layout == nil {
            dateMisses += 1
            firstDateMiss = firstDateMiss ?? (records.line, messageText(text))
        }
        return first.date
    }
}

/// All bytes of a text of 8 to 24, to compare it with another.
struct DateWords: Equatable {
    private var count: Int
    private var first: UInt64
    private var middle: UInt64
    private var last: UInt64

    @inline(__always)
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        guard text.count >= 8, text.count <= 24 else { return nil }
        let bytes = UnsafeRawBufferPointer(text)
        count = text.count
        first = bytes.loadUnaligned(as: UInt64.self)
        middle = bytes.loadUnaligned(fromByteOffset: min(8, text.count - 8), as: UInt64.self)
        last = bytes.loadUnaligned(fromByteOffset: text.count - 8, as: UInt64.self)
    }
}
