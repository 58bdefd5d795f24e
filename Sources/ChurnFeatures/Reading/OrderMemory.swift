/// The order of the last line: its further lines may have blank fields, as some exports leave them.
struct OrderMemory {
    private(set) var customer: Int64 = 0
    /// Of a customer that is a text.
    private(set) var customerCheck: UInt64 = 0
    private(set) var customerText: [UInt8] = []
    private(set) var minute: Int64 = 0
    private(set) var isExcluded = false
    /// Of the first line, where the file leaves such fields blank.
    var country: [UInt8] = []
    /// Bytes of the invoice; 0 when there is no order.
    private var invoiceBytes = 0
    private var words: (UInt64, UInt64) = (0, 0)
    /// Of an invoice of more than 16 bytes.
    private var longInvoice: [UInt8] = []

    var isKnown: Bool { invoiceBytes > 0 }

    /// Forgets the order, so that nothing is filled from it.
    @inline(__always)
    mutating func forget() { invoiceBytes = 0 }

    /// - Parameter invoice: readable for 16 bytes after its start, whatever its length.
    @inline(__always)
    mutating func note(invoice: UnsafeBufferPointer<UInt8>, customer: Int64, minute: Int64, isExcluded: Bool) {
        self.customer = customer
        self.minute = minute
        self.isExcluded = isExcluded
        invoiceBytes = invoice.count
        words = Self.words(invoice)
        if invoice.count > 16 { longInvoice = Array(invoice) }
    }

    /// Notes the text of the customer, where it has one.
    mutating func note(customerCheck: UInt64, customerText: UnsafeBufferPointer<UInt8>) {
        self.customerCheck = customerCheck
        let isSame = self.customerText.withUnsafeBufferPointer { isEqual($0, customerText) }
        if !isSame { self.customerText = Array(customerText) }
    }

    /// Whether a line with this invoice, which is not empty, is a further line of the order.
    ///
    /// `mutating` although it changes nothing, as for a call that only borrows, the memory is copied.
    mutating func matches(_ invoice: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !invoice.isEmpty, invoice.count == invoiceBytes else { return false }
        if invoice.count > 16 { return longInvoice.elementsEqual(invoice) }
        let other = Self.words(invoice)
        // Bytes behind the invoice do not count. A shift by all bits gives 0.
        let first = (words.0 ^ other.0) << UInt64(max(0, 8 - invoice.count) * 8)
        let second = (words.1 ^ other.1) << UInt64(min(8, 16 - invoice.count) * 8)
        return first == 0 && second == 0
    }

    @inline(__always)
    private static func words(_ text: UnsafeBufferPointer<UInt8>) -> (UInt64, UInt64) {
        guard let base = text.baseAddress else { return (0, 0) }
        let raw = UnsafeRawPointer(base)
        return (
            UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self)),
            UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }
}
