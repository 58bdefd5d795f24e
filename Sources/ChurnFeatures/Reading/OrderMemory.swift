/// The order of the last line: its further lines may have blank fields, as some exports leave them.
struct OrderMemory {
    private(set) var customer: Int64 = 0
    private(set) var minute: Int64 = 0
    private(set) var isExcluded = false
    /// Of the first line, where the file leaves such fields blank.
    var country: [UInt8] = []
    /// Bytes of the invoice; 0 when there is no order.
    private var invoiceBytes = 0
    private var words: (UInt64, UInt64) = (0, 0)
    /// Of an invoice of more than 16 bytes.
    private var longInvoice: [UInt8] = []

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

    func matches(_ invoice: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !invoice.isEmpty, invoice.count == invoiceBytes else { return false }
        return invoice.count > 16 ? longInvoice.elementsEqual(invoice) : words == Self.words(invoice)
    }

    @inline(__always)
    private static func words(_ text: UnsafeBufferPointer<UInt8>) -> (UInt64, UInt64) {
        guard let base = text.baseAddress else { return (0, 0) }
        let raw = UnsafeRawPointer(base)
        let first = UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self))
        let second = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        // Of bytes behind the text nothing is kept.
        let firstMissing = UInt64(max(0, 8 - text.count)) * 8
        let secondMissing = UInt64(max(0, 16 - max(8, text.count))) * 8
        return (first << firstMissing, second << secondMissing)
    }
}
