internal import ChurnBase

extension TransactionReader {
    /// Fills the customer of `line`, or says why there is none.
    @inline(__always)
    mutating func cleanCustomer(_ isLatin1: Bool, _ isFilled: inout Bool) -> RejectReason? {
        let customer = number(columns.customer)
        switch CustomerText(customer) {
        case .number(let number): return setCustomer(number)
        case .none:
            isFilled = fillCustomer(customer, isLatin1)
            return isFilled ? nil : .noCustomer
        case .damaged: return .badCustomer
        case .text(let text):
            return isLatin1 || text.contains(UInt8(ascii: "\""))
                ? rewriteCustomerText(text, isLatin1) : setCustomer(text)
        }
    }

    @inline(__always)
    private mutating func setCustomer(_ number: Int64) -> RejectReason? {
        if line.customer < 0 { removeCustomerText() }
        line.customer = number
        return noCustomerNumbers.isEmpty || !noCustomerNumbers.contains(number) ? nil : .noCustomer
    }

    private mutating func removeCustomerText() {
        line.customerCheck = 0
        line.customerText = UnsafeBufferPointer(start: nil, count: 0)
    }

    /// - Parameter text: UTF-8, without blanks at its ends.
    @inline(never)
    private mutating func setCustomer(_ text: UnsafeBufferPointer<UInt8>) -> RejectReason? {
        switch customerTexts.meaning(of: text) {
        case .customer(let id):
            line.customer = id.number
            line.customerCheck = id.check
            line.customerText = text
            return nil
        case .rejected(let reason): return reason
        case .fullWidthDigits:
            refuseFullWidth(text)
            return .badCustomer
        }
    }

    /// - Parameter raw: as it stands in the file, without blanks at its ends.
    @inline(never)
    private mutating func rewriteCustomerText(
        _ raw: UnsafeBufferPointer<UInt8>,
        _ isLatin1: Bool
    ) -> RejectReason? {
        // Each quote of a quoted field stands there twice.
        guard raw.count <= 2 * CustomerID.textBytes else { return .longCustomer }
        let isQuoted = records.trimmedField(columns.customer).isQuoted
        let rewritten = scratch.rewrite(raw, region: 4, isQuoted: isQuoted, isLatin1: isLatin1)
        // Hard blanks behind a letter of Latin-1, and a formula between such blanks, show themselves only now.
        let text = FieldParsing.withoutFormula(HardBlanks.trimmed(rewritten), isQuoted: false)
        switch CustomerText(text) {
        case .number(let number): return setCustomer(number)
        case .none: return .noCustomer
        case .damaged: return .badCustomer
        case .text(let text): return setCustomer(text)
        }
    }

    /// Takes the customer of the line before, where this is a further line of its order: the same invoice, and the same moment
    /// or none. False: the line has no customer.
    private mutating func fillCustomer(_ text: UnsafeBufferPointer<UInt8>, _ isLatin1: Bool) -> Bool {
        guard order.isKnown, text.isEmpty, columns.invoice >= 0,
            let invoice = self.text(columns.invoice, 0, ReadingLimits.invoiceBytes, isLatin1), order.matches(invoice)
        else { return false }
        let date = dateText()
        if !date.isEmpty {
            guard case .minute(let minute, _) = parseDate(date), minute == order.minute else { return false }
        }
        line.customer = order.customer
        removeCustomerText()
        if order.customer < 0 {
            line.customerCheck = order.customerCheck
            line.customerText = scratch.write(order.customerText, region: 4)
        }
        return true
    }

    var isOfOrderCustomer: Bool {
        mutating get {
            order.customer == line.customer && (line.customer > 0 || order.customerCheck == line.customerCheck)
        }
    }
}

/// What texts in the column of the customer mean. An order's lines share theirs, so the last one is kept with its meaning.
struct CustomerTexts {
    enum Meaning {
        case customer(CustomerID)
        case rejected(RejectReason)
        case fullWidthDigits
    }

    /// Those words that are numbers.
    let noCustomerNumbers: [Int64]

    private let hash: CustomerHash
    /// In lower case.
    private let words: Set<String>
    /// Longer texts, in bytes, are none of them, unless letters change their length with their case.
    private let wordBytes: Int
    private var last: [UInt8] = []
    private var lastMeaning = Meaning.rejected(.noCustomer)

    init(hash: CustomerHash, noCustomerWords: [String]) {
        self.hash = hash
        words = Set(noCustomerWords.map { $0.lowercased() })
        wordBytes = 2 * (words.map(\.utf8.count).max() ?? 0)
        noCustomerNumbers = noCustomerWords.compactMap { word in
            Array(word.utf8).withUnsafeBufferPointer {
                if case .number(let number) = CustomerText($0) { number } else { nil }
            }
        }
    }

    /// - Parameter text: UTF-8, without blanks at its ends.
    mutating func meaning(of text: UnsafeBufferPointer<UInt8>) -> Meaning {
        if last.withUnsafeBufferPointer({ isEqual($0, text) }) { return lastMeaning }
        lastMeaning = newMeaning(of: text)
        last.removeAll(keepingCapacity: true)
        last.append(contentsOf: text)
        return lastMeaning
    }

    private func newMeaning(of text: UnsafeBufferPointer<UInt8>) -> Meaning {
        if text.isEmpty || isWord(text) { return .rejected(.noCustomer) }
        if hasFullWidthDigit(text) { return .fullWidthDigits }
        if text.count > CustomerID.textBytes { return .rejected(.longCustomer) }
        return CustomerID(text: text, hash: hash).map { .customer($0) } ?? .rejected(.badCustomer)
    }

    private func isWord(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        text.count <= wordBytes && words.contains(String(decoding: text, as: UTF8.self).lowercased())
    }
}
