extension TransactionReader {
    /// Whether the line has the currency of those before, or none; `fault` is set when it has another: a sum of both would be
    /// no amount of money.
    mutating func checkCurrencyColumn() -> Bool {
        let text = number(columns.currency)
        if text.isEmpty { return true }
        guard let first = columnCurrency else {
            columnCurrency = (place(text), Array(text))
            return true
        }
        if first.name.elementsEqual(text) { return true }
        if String(decoding: first.name, as: UTF8.self).lowercased()
            == String(decoding: text, as: UTF8.self).lowercased()
        {
            return true
        }
        fault = .layout(
            .mixedCurrencyColumn(place(text), earlier: first.place, column: settled.header[columns.currency])
        )
        return false
    }
}
