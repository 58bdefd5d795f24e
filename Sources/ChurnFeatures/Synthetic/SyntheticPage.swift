/// The lines not yet handed over, and the parts that an invoice's lines share.
struct SyntheticPage {
    private(set) var flushedBytes: Int64 = 0
    private(set) var hasCustomer = false
    private var bytes: [UInt8] = []
    private var invoice: [UInt8] = []
    /// `,InvoiceDate,`
    private var date: [UInt8] = []
    /// `,CustomerID,Country` and the end of the line.
    private var tail: [UInt8] = []

    var isFull: Bool { bytes.count >= 256 * 1_024 }

    mutating func add(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func beginInvoice(
        number: Int,
        isCancellation: Bool,
        day: Int64,
        minuteOfDay: Int,
        customer: Int?,
        country: StaticString
    ) {
        let civil = CivilTime.date(days: day)
        let minute = minuteOfDay % 60
        invoice = Array("\(isCancellation ? "C" : "")\(number),".utf8)
        date = Array(
            ",\(civil.month)/\(civil.day)/\(civil.year) \(minuteOfDay / 60):\(minute < 10 ? "0" : "")\(minute),".utf8
        )
        tail = Array(",\(customer.map { "\($0)" } ?? ""),\(country)\r\n".utf8)
        hasCustomer = customer != nil
    }

    mutating func addLine(codeAndDescription: [UInt8], quantity: Int, pricePence: Int) {
        bytes.append(contentsOf: invoice)
        bytes.append(contentsOf: codeAndDescription)
        if quantity < 0 { bytes.append(UInt8(ascii: "-")) }
        addDigits(quantity.magnitude)
        bytes.append(contentsOf: date)
        addDigits(UInt(pricePence / 100))
        let rest = pricePence % 100
        if rest != 0 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(UInt8(ascii: "0") + UInt8(rest / 10))
            if rest % 10 != 0 { bytes.append(UInt8(ascii: "0") + UInt8(rest % 10)) }
        }
        bytes.append(contentsOf: tail)
    }

    mutating func flush<Failure: Error>(to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        try bytes.withUnsafeBufferPointer { (pointer) throws(Failure) in try sink(UnsafeRawBufferPointer(pointer)) }
        flushedBytes += Int64(bytes.count)
        bytes.removeAll(keepingCapacity: true)
    }

    private mutating func addDigits(_ number: UInt) {
        var divisor: UInt = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
