package import ChurnFeatures

/// A transaction line that owns its texts.
package struct OwnedLine: Hashable, Sendable {
    package var invoice: String
    package var stockCode: String
    package var description: String
    package var country: String
    package var customer: Int64
    package var customerCheck: UInt64 = 0
    /// Empty of a number.
    package var customerText = ""
    package var minute: Int64
    package var quantityMilli: Int64
    package var amountMilli: Int64
    package var copy: Int64

    /// - Parameters:
    ///   - quantity: in pieces.
    ///   - price: of a piece, in thousandths.
    package init(
        _ invoice: String,
        _ stockCode: String = "A",
        description: String = "thing",
        country: String = "France",
        customer: Int64 = 1,
        minute: Int64 = 1_000,
        quantity: Int64 = 1,
        price: Int64 = 1_000,
        copy: Int64 = 0
    ) {
        self.invoice = invoice
        self.stockCode = stockCode
        self.description = description
        self.country = country
        self.customer = customer
        self.minute = minute
        self.quantityMilli = quantity * 1_000
        self.amountMilli = abs(quantity) * price
        self.copy = copy
    }

    package init(_ line: TransactionLine) {
        invoice = String(decoding: line.invoice, as: UTF8.self)
        stockCode = String(decoding: line.stockCode, as: UTF8.self)
        description = String(decoding: line.description, as: UTF8.self)
        country = String(decoding: line.country, as: UTF8.self)
        customer = line.customer
        customerCheck = line.customerCheck
        customerText = String(decoding: line.customerText, as: UTF8.self)
        minute = line.minute
        quantityMilli = line.quantityMilli
        amountMilli = line.amountMilli
        copy = line.copy
    }

    /// Lends it as a view, which is valid inside the call only.
    package func withLine<Value>(_ body: (TransactionLine) throws -> Value) rethrows -> Value {
        var texts = (invoice, stockCode, description, country)
        var customerText = customerText
        return try texts.0.withUTF8 { invoice in
            try texts.1.withUTF8 { stockCode in
                try texts.2.withUTF8 { description in
                    try texts.3.withUTF8 { country in
                        var line = TransactionLine(
                            invoice: invoice,
                            stockCode: stockCode,
                            customer: customer,
                            minute: minute,
                            quantityMilli: quantityMilli,
                            amountMilli: amountMilli
                        )
                        line.description = description
                        line.country = country
                        line.copy = copy
                        line.customerCheck = customerCheck
                        return try customerText.withUTF8 { customerText in
                            line.customerText = customerText
                            return try body(line)
                        }
                    }
                }
            }
        }
    }
}

extension TransactionLine {
    /// A line without the texts that no feature is made of, and the first of its kind.
    package init(
        invoice: UnsafeBufferPointer<UInt8>,
        stockCode: UnsafeBufferPointer<UInt8>,
        customer: Int64,
        minute: Int64,
        quantityMilli: Int64,
        amountMilli: Int64
    ) {
        let none = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
        self.init(
            invoice: invoice,
            stockCode: stockCode,
            description: none,
            country: none,
            customer: customer,
            minute: minute,
            quantityMilli: quantityMilli,
            amountMilli: amountMilli,
            copy: 0
        )
    }
}
