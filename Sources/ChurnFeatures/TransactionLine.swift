/// One cleaned transaction line: a view, valid only inside the call it is passed to. Text is trimmed UTF-8.
///
/// The key of a line is (invoice, customer, minute, stockCode, quantity, priceMilli, copy). Description and country are
/// payload: exports of the same data differ in their outer blanks.
///
/// Deliberately not `Sendable`: the text points into the reader's buffer, which the next line overwrites.
package struct TransactionLine {
    package var invoice: UnsafeBufferPointer<UInt8>
    package var stockCode: UnsafeBufferPointer<UInt8>
    package var description: UnsafeBufferPointer<UInt8>
    package var country: UnsafeBufferPointer<UInt8>
    /// Greater than 0.
    package var customer: Int64
    /// Minutes since 1970-01-01 00:00 on the shop's clock (no time zone).
    package var minute: Int64
    /// Within `Int32`; negative on a cancellation.
    package var quantity: Int64
    /// Price of one piece in thousandths, 0 or more.
    package var priceMilli: Int64
    /// The n of the key: 0 for the first of equal lines of a file, 1 for the second, and so on.
    package var copy: Int64

    package var isCancellation: Bool { quantity < 0 }

    package init(
        invoice: UnsafeBufferPointer<UInt8>,
        stockCode: UnsafeBufferPointer<UInt8>,
        description: UnsafeBufferPointer<UInt8>,
        country: UnsafeBufferPointer<UInt8>,
        customer: Int64,
        minute: Int64,
        quantity: Int64,
        priceMilli: Int64,
        copy: Int64
    ) {
        self.invoice = invoice
        self.stockCode = stockCode
        self.description = description
        self.country = country
        self.customer = customer
        self.minute = minute
        self.quantity = quantity
        self.priceMilli = priceMilli
        self.copy = copy
    }
}
