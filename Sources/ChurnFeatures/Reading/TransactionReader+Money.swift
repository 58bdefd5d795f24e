extension TransactionReader {
    /// Fills the quantity and the amount of `line`, or says why there is none.
    @inline(__always)
    mutating func cleanMoney() -> RejectReason? {
        if columns.amount < 0, let quantity = FieldParsing.plainQuantity(number(columns.quantity)), quantity != 0,
            let price = FieldParsing.plainMilli(number(columns.price), decimal: decimalByte)
        {
            let (amount, overflows) = abs(quantity).multipliedReportingOverflow(by: price)
            guard !overflows else { return .absurdAmount }
            line.quantityMilli = quantity * 1000
            line.amountMilli = amount
        } else if let reason = cleanUnusualMoney() {
            return reason
        }
        guard line.amountMilli <= ReadingLimits.lineAmountMilli else { return .absurdAmount }
        if line.invoice.count > 1, line.invoice[0] == UInt8(ascii: "C"), !line.isCancellation { noteCancellationForm() }
        if hasCancelledInvoices { applyCancelledInvoices() }
        return nil
    }

    private mutating func noteCancellationForm() {
        guard line.invoice[1] &- 0x30 <= 9 else { return }
        if let pattern = settled.layout.cancelledInvoices, pattern.matches(line.invoice) { return }
        counts.cancellationFormPurchases += 1
    }

    private mutating func applyCancelledInvoices() {
        guard !line.isCancellation, let pattern = settled.layout.cancelledInvoices, pattern.matches(line.invoice) else {
            return
        }
        line.quantityMilli = -line.quantityMilli
    }

    /// Any other form of number, fractions of a piece, and a total in place of a price.
    private mutating func cleanUnusualMoney() -> RejectReason? {
        // Without a quantity the line is one piece.
        line.quantityMilli = 1000
        var quantity: ExactNumber?
        var isRounded = false
        if columns.quantity >= 0 {
            guard let number = exactNumber(columns.quantity),
                let (milli, isQuantityRounded) = number.milli(limit: Self.quantityMilli)
            else { return .badQuantity }
            guard number.isNegative || milli <= Int64(Int32.max) * 1000 else { return .badQuantity }
            if milli == 0 { return .zeroQuantity }
            line.quantityMilli = number.isNegative ? -milli : milli
            isRounded = isQuantityRounded
            quantity = number
        }
        if let reason = columns.amount >= 0 ? cleanTotal(quantity, &isRounded) : cleanPrice(quantity, &isRounded) {
            return reason
        }
        if isRounded { counts.roundedLines += 1 }
        return nil
    }

    /// From the price of a piece. Of whole pieces the price is rounded, of fractions the amount.
    private mutating func cleanPrice(_ quantity: ExactNumber?, _ isRounded: inout Bool) -> RejectReason? {
        guard let quantity, let price = exactNumber(columns.price) else { return .badPrice }
        if price.isNegative, price.digits != 0 || price.hasMore { return .negativePrice }
        guard let (milli, isPriceRounded) = price.milli(limit: Self.priceMilli) else { return .badPrice }
        if let pieces = quantity.whole(limit: Self.quantityMilli / 1000) {
            let (amount, overflows) = pieces.multipliedReportingOverflow(by: milli)
            guard !overflows else { return .absurdAmount }
            line.amountMilli = amount
            isRounded = isRounded || isPriceRounded
            return nil
        }
        guard
            let (amount, isAmountRounded) = ExactNumber.productMilli(
                quantity,
                price,
                limit: ReadingLimits.lineAmountMilli
            )
        else { return .absurdAmount }
        line.amountMilli = amount
        isRounded = isRounded || isAmountRounded
        return nil
    }

    /// From the total of the line, which a cancellation has with a sign or without; without a quantity its sign tells what
    /// the line is.
    private mutating func cleanTotal(_ quantity: ExactNumber?, _ isRounded: inout Bool) -> RejectReason? {
        guard let total = exactNumber(columns.amount) else { return .badPrice }
        guard let (milli, isTotalRounded) = total.milli(limit: ReadingLimits.lineAmountMilli) else {
            return .absurdAmount
        }
        let isNegative = total.isNegative && (milli != 0 || isTotalRounded)
        if let quantity {
            if isNegative, !quantity.isNegative { return .negativePrice }
        } else if isNegative {
            line.quantityMilli = -1000
        }
        line.amountMilli = milli
        isRounded = isRounded || isTotalRounded
        return nil
    }

    private static let quantityMilli = (Int64(Int32.max) + 1) * 1000
    private static let priceMilli = ReadingLimits.priceUnits * 1000

    /// Nil when the field is no number in the layout of the file; `fault` is set when it would be one in another.
    private mutating func exactNumber(_ column: Int) -> ExactNumber? {
        let text = number(column)
        guard let number = exactNumber(text) else {
            refuseFullWidth(text)
            return nil
        }
        return number
    }

    private mutating func exactNumber(_ text: UnsafeBufferPointer<UInt8>) -> ExactNumber? {
        guard let number = NumberText(text) else { return nil }
        if number.currency != 0, !checkCurrency(number.currency, text) { return nil }
        if settled.layout.decimal == nil {
            switch number.evidence() {
            case .nothing: break
            case .invalid: return nil
            case .ambiguous:
                fault = .ambiguousNumber(place(text))
                return nil
            case .proves(let sign):
                settled.layout.decimal = sign
                settled.decimalProof = place(text)
                decimalByte = sign.rawValue
            }
        }
        if let exact = ExactNumber(number, settled.numbers) { return exact }
        if let decimal = settled.layout.decimal, ExactNumber(number, NumberLayout(decimal: decimal.other)) != nil {
            fault = .layout(.contradictoryNumber(place(text), sign: decimal, earlier: settled.decimalProof))
        }
        return nil
    }

    private mutating func checkCurrency(_ currency: UInt64, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = firstCurrency else {
            firstCurrency = (place(text), currency)
            return true
        }
        if first.currency != currency {
            fault = .layout(.mixedCurrencies(place(text), earlier: first.place))
        }
        return first.currency == currency
    }

    /// As it stands in the file.
    var currency: String? {
        guard let currency = firstCurrency?.currency else { return columnCurrency?.place.value }
        let bytes = (0..<8).reversed().map { UInt8(truncatingIfNeeded: currency >> ($0 * 8)) }.drop { $0 == 0 }
        // A single byte above 0x7F is Latin-1, or the euro of Windows.
        if bytes.count == 1, let byte = bytes.first, byte >= 0x80 {
            return byte == 0x80 ? "€" : String(UnicodeScalar(byte))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
