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
    /// The customer is empty, 0, -1 or a word such as `guest`. Such lines are sales without an account; they are left out of
    /// everything.
    case noCustomer
    /// A number with an exponent, with decimals other than 0, or with a sign; a text with a control character.
    case badCustomer
    /// A text of more than `CustomerID.textBytes`.
    case longCustomer
    case missingInvoice
    case longInvoice
    /// Its order has a status that is to be left out.
    case excludedStatus
    case missingStockCode
    case longStockCode
    case missingDate
    /// Not of the family of dates that the file has, or no day of the calendar.
    case badDate
    /// A day that is to be left out.
    case outsideDays
    /// Not a number, or not within 32 bits.
    case badQuantity
    /// Neither a purchase nor a cancellation.
    case zeroQuantity
    /// Not a number, or above `ReadingLimits.priceUnits`.
    case badPrice
    case negativePrice
    /// The line's amount is above `ReadingLimits.lineAmountMilli`.
    case absurdAmount
    case longDescription
    case longCountry
    /// The customer is a text whose number another text of earlier lines has. Known when all lines are read.
    case customerCollision

    package var name: String {
        switch self {
        case .recordTooLong: "record_too_long"
        case .badQuotes: "bad_quotes"
        case .wrongFieldCount: "wrong_field_count"
        case .noCustomer: "no_customer"
        case .badCustomer: "bad_customer"
        case .longCustomer: "long_customer"
        case .missingInvoice: "missing_invoice"
        case .longInvoice: "long_invoice"
        case .excludedStatus: "excluded_status"
        case .missingStockCode: "missing_stock_code"
        case .longStockCode: "long_stock_code"
        case .missingDate: "missing_date"
        case .badDate: "bad_date"
        case .outsideDays: "outside_days"
        case .badQuantity: "bad_quantity"
        case .zeroQuantity: "zero_quantity"
        case .badPrice: "bad_price"
        case .negativePrice: "negative_price"
        case .absurdAmount: "absurd_amount"
        case .longDescription: "long_description"
        case .longCountry: "long_country"
        case .customerCollision: "customer_collision"
        }
    }

    /// False where the line is sound and is left out on purpose: such lines do not count as rejected.
    package var isFault: Bool {
        switch self {
        case .noCustomer, .excludedStatus, .outsideDays: false
        default: true
        }
    }
}
