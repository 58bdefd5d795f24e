/// Why a line was not kept. The order of the cases is the order of the checks: a line with several faults is counted
/// under the first. Names are stable: they stand in rejects files and in JSON.
package enum RejectReason: Int, CaseIterable, Sendable {
    /// One line of the file is longer than `ReadingLimits.recordBytes`.
    case recordTooLong
    /// A quoted field is not closed, or something other than a comma or line end follows its closing quote. Only the
    /// line on which the record began is rejected; reading goes on with the next line.
    case badQuotes
    /// Not as many fields as the header has.
    case wrongFieldCount
    /// The customer is empty. Such lines are sales without an account; they are left out of everything.
    case noCustomer
    /// Not a whole number from 1 up to 18 digits.
    case badCustomer
    case missingInvoice
    case longInvoice
    case missingStockCode
    case longStockCode
    case missingDate
    /// Not the layout that the file's first date has, or no day of the calendar.
    case badDate
    /// A date with an offset from UTC: the shop's clock cannot be told from it without a time zone.
    case dateWithOffset
    /// Not a whole number within 32 bits.
    case badQuantity
    /// Neither a purchase nor a cancellation.
    case zeroQuantity
    /// Not a plain decimal number, or above `ReadingLimits.priceUnits`.
    case badPrice
    case negativePrice
    /// More than three decimals that are not zero.
    case pricePrecision
    case longDescription
    case longCountry

    package var name: String {
        switch self {
        case .recordTooLong: "record_too_long"
        case .badQuotes: "bad_quotes"
        case .wrongFieldCount: "wrong_field_count"
        case .noCustomer: "no_customer"
        case .badCustomer: "bad_customer"
        case .missingInvoice: "missing_invoice"
        case .longInvoice: "long_invoice"
        case .missingStockCode: "missing_stock_code"
        case .longStockCode: "long_stock_code"
        case .missingDate: "missing_date"
        case .badDate: "bad_date"
        case .dateWithOffset: "date_with_offset"
        case .badQuantity: "bad_quantity"
        case .zeroQuantity: "zero_quantity"
        case .badPrice: "bad_price"
        case .negativePrice: "negative_price"
        case .pricePrecision: "price_precision"
        case .longDescription: "long_description"
        case .longCountry: "long_country"
        }
    }
}
