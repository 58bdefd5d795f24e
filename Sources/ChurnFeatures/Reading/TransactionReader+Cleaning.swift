internal import ChurnBase

extension TransactionReader {
    /// Fills `line` from the current record, all but `copy`; or says why the record is no clean line. The checks run in the
    /// order of `RejectReason`. A fault is kept in `fault`, behind any reason.
    mutating func clean(isLatin1: Bool) -> RejectReason? {
        guard hasAllFields else { return .wrongFieldCount }

        var isFilled = false
        if let reason = cleanCustomer(isLatin1, &isFilled) {
            order.forget()
            return reason
        }

        if columns.invoice >= 0 {
            guard let invoice = text(columns.invoice, 0, ReadingLimits.invoiceBytes, isLatin1) else {
                return .longInvoice
            }
            if invoice.isEmpty { return .missingInvoice }
            line.invoice = invoice
        }
        guard let stockCode = text(columns.product, 1, ReadingLimits.stockCodeBytes, isLatin1) else {
            return .longStockCode
        }
        if stockCode.isEmpty, columns.product >= 0 { return .missingStockCode }
        line.stockCode = stockCode

        let cutSeconds: Bool
        let date = dateText()
        if date.isEmpty {
            guard columns.invoice >= 0, order.matches(line.invoice), isOfOrderCustomer else {
                return .missingDate
            }
            line.minute = order.minute
            cutSeconds = false
            isFilled = true
        } else {
            switch parseDate(date) {
            case .minute(let minute, let isCut):
                line.minute = minute
                cutSeconds = isCut
            case .invalid, .fault: return .badDate
            }
        }
        if columns.invoice < 0 { line.invoice = momentInvoice() }
        if let reason = noteOrder() { return reason }

        if let reason = cleanMoney() { return reason }
        if columns.currency >= 0, !checkCurrencyColumn() { return .badPrice }

        guard let description = text(columns.description, 2, ReadingLimits.descriptionBytes, isLatin1) else {
            return .longDescription
        }
        line.description = description
        guard let country = text(columns.country, 3, ReadingLimits.countryBytes, isLatin1) else {
            return .longCountry
        }
        line.country = country
        if hasBlankOrderFields { fillCountry(isFurtherLine: isFilled) }
        if cutSeconds { counts.cutSeconds += 1 }
        if isFilled { counts.filledLines += 1 }
        return nil
    }

    /// As many fields as the header has, or as many more empty ones as the first record has.
    @inline(__always)
    private var hasAllFields: Bool {
        mutating get { records.fieldCount == columns.columnCount && trailingFields != nil || hasMoreFields }
    }

    /// Digits in another form would make every line a reject, for a reason that does not name them.
    mutating func refuseFullWidth(_ text: UnsafeBufferPointer<UInt8>) {
        if hasFullWidthDigit(text) { fault = .layout(.fullWidthDigits(place(text))) }
    }

    private var hasMoreFields: Bool {
        mutating get {
            let more = records.fieldCount - columns.columnCount
            guard more >= 0, records.fieldCount <= ReadingLimits.columns else { return false }
            for index in columns.columnCount..<records.fieldCount where !number(index).isEmpty { return false }
            if trailingFields == nil { trailingFields = more }
            return more == 0 || more == trailingFields
        }
    }

    /// Whether a record with line feeds inside its quotes has the right number of fields, each of a length that is taken.
    var isSensibleOverLines: Bool {
        guard records.fieldCount >= columns.columnCount, records.fieldCount <= ReadingLimits.columns else {
            return false
        }
        func fits(_ column: Int, _ limit: Int) -> Bool { column < 0 || records.field(column).text.count <= 2 * limit }
        return fits(columns.customer, CustomerID.textBytes) && fits(columns.invoice, ReadingLimits.invoiceBytes)
            && fits(columns.product, ReadingLimits.stockCodeBytes) && fits(columns.date, ReadingLimits.numberBytes)
            && fits(columns.time, ReadingLimits.numberBytes)
            && fits(columns.quantity, ReadingLimits.numberBytes) && fits(columns.price, ReadingLimits.numberBytes)
            && fits(columns.amount, ReadingLimits.numberBytes)
            && fits(columns.description, ReadingLimits.descriptionBytes)
            && fits(columns.country, ReadingLimits.countryBytes)
    }

    private mutating func fillCountry(isFurtherLine: Bool) {
        if !isFurtherLine {
            order.country = Array(line.country)
        } else if line.country.isEmpty {
            line.country = scratch.write(order.country, region: 3)
        }
    }

    /// Keeps the order for its further lines, and says whether the line is left out for its status or its day.
    @inline(__always)
    private mutating func noteOrder() -> RejectReason? {
        var isExcluded = false
        if columns.status >= 0 { isExcluded = hasExcludedStatus() }
        if columns.invoice >= 0 {
            order.note(
                invoice: line.invoice,
                customer: line.customer,
                minute: line.minute,
                isExcluded: isExcluded
            )
            if line.customer < 0 {
                order.note(customerCheck: line.customerCheck, customerText: line.customerText)
            }
        }
        if isExcluded { return .excludedStatus }
        return days.contains(line.minute) ? nil : .outsideDays
    }

    private mutating func hasExcludedStatus() -> Bool {
        let status = number(columns.status)
        if status.isEmpty { return columns.invoice >= 0 && order.matches(line.invoice) && order.isExcluded }
        return statuses.note(status) && statuses.isExcluding
    }

    /// The invoice of a line of a file without invoices: its customer and moment.
    private mutating func momentInvoice() -> UnsafeBufferPointer<UInt8> {
        scratch.write("\(line.customer)@\(CivilTime.format(minute: line.minute))".utf8, region: 0)
    }

    /// A field that is a number or a date, trimmed.
    ///
    /// This and what follows is `mutating` although it changes nothing: for a call that only borrows, Swift 6.3 copies the
    /// whole reader (900 bytes), which took an eighth of the reading time. The short way is inlined and the long one is not.
    @inline(__always)
    mutating func number(_ column: Int) -> UnsafeBufferPointer<UInt8> {
        records.plainField(column) ?? unusualNumber(column)
    }

    @inline(never)
    private mutating func unusualNumber(_ column: Int) -> UnsafeBufferPointer<UInt8> {
        records.trimmedField(column).text
    }

    /// The date, trimmed, with the time behind it where that is a column of its own.
    @inline(__always)
    mutating func dateText() -> UnsafeBufferPointer<UInt8> {
        columns.time < 0 ? number(columns.date) : joinedDateText()
    }

    @inline(never)
    private mutating func joinedDateText() -> UnsafeBufferPointer<UInt8> {
        records.dateText(date: columns.date, time: columns.time)
    }

    /// A trimmed UTF-8 field; empty when there is no such column, nil when it is longer than `limit` bytes.
    @inline(__always)
    mutating func text(
        _ column: Int,
        _ region: Int,
        _ limit: Int,
        _ isLatin1: Bool
    ) -> UnsafeBufferPointer<UInt8>? {
        if column >= 0, !isLatin1, let text = records.plainField(column), text.count <= limit { return text }
        return unusualText(column, region, limit, isLatin1)
    }

    @inline(never)
    private mutating func unusualText(
        _ column: Int,
        _ region: Int,
        _ limit: Int,
        _ isLatin1: Bool
    ) -> UnsafeBufferPointer<UInt8>? {
        guard column >= 0 else { return UnsafeBufferPointer(start: records.memory, count: 0) }
        let field = records.trimmedField(column)
        if !field.isQuoted, !isLatin1 { return field.text.count <= limit ? field.text : nil }
        return rewritten(field.text, region: region, limit: limit, isQuoted: field.isQuoted, isLatin1: isLatin1)
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
}
