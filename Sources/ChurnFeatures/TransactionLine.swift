package import ChurnBase

/// One cleaned transaction line: a view, valid only inside the call it is passed to. Text is trimmed UTF-8.
///
/// The key of a line is (invoice, customer, minute, stockCode, quantityMilli, amountMilli, copy). Description and country are
/// payload: exports of the same data differ in their outer blanks.
///
/// Deliberately not `Sendable`: the text points into the reader's buffer, which the next line overwrites.
package struct TransactionLine {
    package var invoice: UnsafeBufferPointer<UInt8>
    package var stockCode: UnsafeBufferPointer<UInt8>
    package var description: UnsafeBufferPointer<UInt8>
    package var country: UnsafeBufferPointer<UInt8>
    /// The number of a `CustomerID`: not 0.
    package var customer: Int64
    /// The check of a `CustomerID`.
    package var customerCheck: UInt64
    /// What the customer is called where that is a text; empty of a number.
    package var customerText: UnsafeBufferPointer<UInt8>
    /// Minutes since 1970-01-01 00:00 on the shop's clock (no time zone).
    package var minute: Int64
    /// Thousandths of a piece, pieces within `Int32`; negative on a cancellation.
    package var quantityMilli: Int64
    /// What the line comes to, in thousandths of the currency: 0 or more, also on a cancellation.
    package var amountMilli: Int64
    /// The n of the key: 0 for the first of equal lines of a file, 1 for the second, and so on.
    package var copy: Int64

    package var customerID: CustomerID { CustomerID(number: customer, check: customerCheck) }

    package var isCancellation: Bool { quantityMilli < 0 }

    package init(
        invoice: UnsafeBufferPointer<UInt8>,
        stockCode: UnsafeBufferPointer<UInt8>,
        description: UnsafeBufferPointer<UInt8>,
        country: UnsafeBufferPointer<UInt8>,
        customer: Int64,
        minute: Int64,
        quantityMilli: Int64,
        amountMilli: Int64,
        copy: Int64
    ) {
        self.invoice = invoice
        self.stockCode = stockCode
        self.description = description
        self.country = country
        self.customer = customer
        self.minute = minute
        customerCheck = 0
        customerText = UnsafeBufferPointer(start: nil, count: 0)
        self.quantityMilli = quantityMilli
        self.amountMilli = amountMilli
        self.copy = copy
    }
}
