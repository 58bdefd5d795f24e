extension TransactionReader {
    /// Fills the quantity and the price of `line`, or says why there is none.
    @inline(__always)
    mutating func cleanMoney() -> RejectReason? {
        if columns.amount < 0, let quantity = FieldParsing.plainQuantity(number(columns.quantity)), quantity != 0,
            let price = FieldParsing.plainMilli(number(columns.price), decimal: decimalByte)
        {
            line.quantity = quantity
            line.priceMilli = price
        } else if let reason = cleanUnusualMoney() {
            return reason
        }
        let (amount, overflows) = abs(line.quantity).multipliedReportingOverflow(by: line.priceMilli)
        guard !overflows, amount <= ReadingLimits.lineAmountMilli else { return .absurdAmount }
        if line.invoice.count > 1, line.invoice[0] == UInt8(ascii: "C"), line.quantity > 0 { noteCancellationForm() }
        if hasCancelledInvoices { applyCancelledInvoices() }
        return nil
    }

    private mutating func noteCancellationForm() {
        guard line.invoice[1] &- 0x30 <= 9 else { return }
        if let pattern = settled.layout.cancelledInvoices, pattern.matches(line.invoice) { return }
        counts.cancellationFormPurchases += 1
    }

    private mutating func applyCancelledInvoices() {
        guard line.quantity > 0, let pattern = settled.layout.cancelledInvoices, pattern.matches(line.invoice) else {
            return
        }
        line.quantity = -line.quantity
    }

    /// Any other form of number, a total in place of a price, and fractions of a piece.
    private mutating func cleanUnusualMoney() -> RejectReason? {
        var quantity: ExactNumber?
        if columns.quantity >= 0 {
            guard let number = exactNumber(columns.quantity), number.milli(limit: Self.quantityMilli) != nil else {
                return .badQuantity
            }
            if number.digits == 0 { return .zeroQuantity }
            quantity = number
        }
        if columns.amount >= 0 { return cleanAmount(quantity) }
        guard let quantity, let price = exactNumber(columns.price) else { return .badPrice }
        if price.isNegative, price.digits != 0 || price.hasMore { return .negativePrice }
        if let whole = quantity.whole(limit: Self.quantityMilli / 1000) {
            guard let (milli, isRounded) = price.milli(limit: Self.priceMilli) else { return .badPrice }
            guard let signed = Self.signed(whole, quantity.isNegative) else { return .badQuantity }
            line.quantity = signed
            line.priceMilli = milli
            if isRounded { counts.roundedLines += 1 }
            return nil
        }
        guard let (milli, isRounded) = ExactNumber.productMilli(quantity, price, limit: Self.priceMilli) else {
            return .absurdAmount
        }
        keepSinglePiece(milli, isNegative: quantity.isNegative, isRounded: isRounded)
        return nil
    }

    /// From the total of a line; without a quantity it is that of one piece.
    private mutating func cleanAmount(_ quantity: ExactNumber?) -> RejectReason? {
        guard let amount = exactNumber(columns.amount) else { return .badPrice }
        guard let (milli, isRounded) = amount.milli(limit: ReadingLimits.lineAmountMilli) else { return .absurdAmount }
        let isNegative = amount.isNegative && (milli != 0 || isRounded)
        guard let quantity else {
            guard milli <= Self.priceMilli else { return .absurdAmount }
            line.quantity = isNegative ? -1 : 1
            line.priceMilli = milli
            if isRounded { counts.roundedLines += 1 }
            return nil
        }
        // The total of a cancellation is written with a sign or without.
        if isNegative, !quantity.isNegative { return .negativePrice }
        if let whole = quantity.whole(limit: Self.quantityMilli / 1000), milli % whole == 0,
            milli / whole <= Self.priceMilli
        {
            guard let signed = Self.signed(whole, quantity.isNegative) else { return .badQuantity }
            line.quantity = signed
            line.priceMilli = milli / whole
            if isRounded { counts.roundedLines += 1 }
            return nil
        }
        guard milli <= Self.priceMilli else { return .absurdAmount }
        keepSinglePiece(milli, isNegative: quantity.isNegative, isRounded: isRounded)
        return nil
    }

    /// A line whose amount is no whole number of pieces at a price in thousandths: the amount is kept, the units are not.
    private mutating func keepSinglePiece(_ milli: Int64, isNegative: Bool, isRounded: Bool) {
        line.quantity = isNegative ? -1 : 1
        line.priceMilli = milli
        counts.singlePieceLines += 1
        if isRounded { counts.roundedLines += 1 }
    }

    private static let quantityMilli = (Int64(Int32.max) + 1) * 1000
    private static let priceMilli = ReadingLimits.priceUnits * 1000

    private static func signed(_ magnitude: Int64, _ isNegative: Bool) -> Int64? {
        let signed = isNegative ? -magnitude : magnitude
        return Int32(exactly: signed) == nil ? nil : signed
    }

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
        guard let currency = firstCurrency?.currency else { return nil }
        let bytes = (0..<8).reversed().map { UInt8(truncatingIfNeeded: currency >> ($0 * 8)) }.drop { $0 == 0 }
        // A single byte above 0x7F is Latin-1, or the euro of Windows.
        if bytes.count == 1, let byte = bytes.first, byte >= 0x80 {
            return byte == 0x80 ? "€" : String(UnicodeScalar(byte))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
