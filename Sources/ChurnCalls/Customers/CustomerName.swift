package import ChurnBase

/// The customer of a call, as the caller names it. A view into memory of whoever decoded the call.
package enum CustomerName {
    case number(Int64)
    /// As it came: with blanks at its ends, perhaps not UTF-8.
    case text(UnsafeBufferPointer<UInt8>)
    /// Both, which must be the same customer.
    case numberAndText(Int64, UnsafeBufferPointer<UInt8>)

    /// The number that came, if one did.
    package var number: Int64? {
        switch self {
        case .number(let number), .numberAndText(let number, _): number
        case .text: nil
        }
    }

    /// The customer that is to be looked up.
    ///
    /// - Throws: NOT_FOUND for a number below 1 and for texts that stand for one; INVALID_ARGUMENT for a text that is no id,
    ///   and where number and text are two customers.
    package func resolved(_ hash: CustomerHash) throws(CallFailure) -> ResolvedCustomer {
        switch self {
        case .number(let number):
            guard number > 0 else { throw .unknownCustomer(number) }
            return ResolvedCustomer(id: CustomerID(number: number), text: nil)
        case .text(let text):
            return try Self.resolved(text, hash)
        case .numberAndText(let number, let text):
            let customer = try Self.resolved(text, hash)
            guard customer.id == CustomerID(number: number) else {
                throw .invalidArgument(
                    "customer_id is \(number) and customer is \(quotedForPeer(text)); name one customer, by one of them"
                )
            }
            return customer
        }
    }

    private static func resolved(
        _ text: UnsafeBufferPointer<UInt8>,
        _ hash: CustomerHash
    ) throws(CallFailure) -> ResolvedCustomer {
        switch CustomerTextMeaning(text, hash) {
        case .customer(let id):
            return ResolvedCustomer(
                id: id,
                text: id.isText ? Array(HardBlanks.trimmed(text)) : Array("\(id.number)".utf8)
            )
        case .noCustomer: throw .unknownCustomer(HardBlanks.trimmed(text).first == UInt8(ascii: "-") ? -1 : 0)
        case .invalid(let fault): throw .invalidArgument(fault.message(text))
        }
    }
}

/// A customer to be looked up.
package struct ResolvedCustomer: Sendable {
    package let id: CustomerID
    /// What an answer repeats of a caller that named the customer by a text: without blanks at its ends, of a number its
    /// digits. `nil` for a caller that gave a number.
    package let text: [UInt8]?

    package init(id: CustomerID, text: [UInt8]?) {
        self.id = id
        self.text = text
    }

    /// For messages.
    package var description: String {
        guard let text, id.isText else { return "\(id.number)" }
        return text.withUnsafeBufferPointer { quotedForPeer($0) }
    }
}

/// What a text names at a look-up: the one rule of all protocols.
package enum CustomerTextMeaning: Equatable {
    case customer(CustomerID)
    /// `0` and `-1`, which stand for no customer.
    case noCustomer
    /// No customer can have such an id.
    case invalid(Fault)

    package enum Fault: Equatable, Sendable {
        case empty
        /// `1.785E+04`, `17850.5`, `-17850`: a number that a program has changed.
        case damagedNumber
        case tooLong
        case notUTF8
        case controlCharacter
    }

    /// - Parameter text: as it came.
    package init(_ text: UnsafeBufferPointer<UInt8>, _ hash: CustomerHash) {
        switch CustomerText(text) {
        case .number(let number): self = .customer(CustomerID(number: number))
        case .none: self = HardBlanks.trimmed(text).isEmpty ? .invalid(.empty) : .noCustomer
        case .damaged: self = .invalid(.damagedNumber)
        case .text(let trimmed):
            if let id = CustomerID(text: trimmed, hash: hash) {
                self = .customer(id)
            } else if trimmed.count > CustomerID.textBytes {
                self = .invalid(.tooLong)
            } else {
                let isUTF8 = String(validating: trimmed, as: UTF8.self) != nil
                self = .invalid(isUTF8 ? .controlCharacter : .notUTF8)
            }
        }
    }
}

extension CustomerTextMeaning.Fault {
    func message(_ text: UnsafeBufferPointer<UInt8>) -> String {
        switch self {
        case .empty: "the customer is empty; give its id"
        case .damagedNumber:
            "the customer \(quotedForPeer(text)) is a number that is no id; give the digits of the id, without sign, "
                + "decimals and exponent"
        case .tooLong:
            "the customer \(quotedForPeer(text)) has \(text.count) bytes, and ids have \(CustomerID.textBytes) at most"
        case .notUTF8: "the customer \(quotedForPeer(text)) is not UTF-8"
        case .controlCharacter: "the customer \(quotedForPeer(text)) has a control character in it"
        }
    }
}

/// A peer's own text, for a message to it: cut short, and with control characters made visible.
package func quotedForPeer(_ text: String) -> String {
    let cut = text.unicodeScalars.prefix(CallLimits.echoedCharacters).map { $0.escaped(asASCII: false) }.joined()
    return "'\(cut)'"
}

/// - Parameter text: perhaps not UTF-8.
private func quotedForPeer(_ text: UnsafeBufferPointer<UInt8>) -> String {
    // A scalar has four bytes at most.
    quotedForPeer(String(decoding: text.prefix(4 * CallLimits.echoedCharacters), as: UTF8.self))
}
