/// What the numbers of all files show about their decimal sign.
struct NumberEvidence {
    private let isSaid: Bool
    private var decimal: DecimalSign?
    private(set) var proof: LayoutFault.Place?
    private var firstAmbiguous: LayoutFault.Place?

    init(layout: ReadingLayout) {
        decimal = layout.decimal
        isSaid = decimal != nil
    }

    var isSettled: Bool { decimal != nil }

    /// Notes the numbers of the current record.
    ///
    /// - Throws: a fault, when one of them proves another sign than one before.
    mutating func note(_ records: inout RecordReader, _ columns: ColumnIndices) throws(ReadingError) {
        // What is said or proved is checked by the reader of the lines.
        if decimal != nil { return }
        for column in [columns.quantity, columns.price, columns.amount] where column >= 0 {
            let text = records.trimmedField(column).text
            if hasFullWidthDigit(text) { throw .layout(.fullWidthDigits(.init(records, text))) }
            guard let number = NumberText(text) else { continue }
            switch number.evidence() {
            case .nothing, .invalid: break
            case .proves(let sign):
                if let decimal, decimal != sign {
                    throw .layout(.contradictoryNumber(.init(records, text), sign: decimal, earlier: proof))
                }
                if decimal == nil { proof = .init(records, text) }
                decimal = sign
            case .ambiguous:
                if firstAmbiguous == nil { firstAmbiguous = .init(records, text) }
            }
        }
    }

    /// The sign; nil where no number has one.
    func settled() throws(ReadingError) -> DecimalSign? {
        if decimal == nil, let firstAmbiguous { throw .ambiguousNumber(firstAmbiguous) }
        return decimal
    }
}

extension ReadingError {
    static func ambiguousNumber(_ place: LayoutFault.Place) -> ReadingError {
        var value = place.value
        let choices = value.withUTF8 { text in
            DecimalSign.allCases.map { sign in
                let number = NumberText(text).flatMap { ExactNumber($0, NumberLayout(decimal: sign)) }
                return LayoutFault.Choice(flag: "--decimal \(sign.text)", meaning: number?.text ?? place.value)
            }
        }
        return .layout(.ambiguousNumbers(place, choices))
    }
}

extension ExactNumber {
    /// With a decimal point and without thousands signs.
    var text: String {
        let shown = String(digits)
        guard scale > 0 else { return (isNegative ? "-" : "") + shown + String(repeating: "0", count: -scale) }
        let padded = String(repeating: "0", count: max(0, scale + 1 - shown.count)) + shown
        return (isNegative ? "-" : "") + padded.dropLast(scale) + "." + padded.suffix(scale)
    }
}
