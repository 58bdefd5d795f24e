import ChurnBase
import ChurnCalls
import Testing

/// What texts of customers mean at a look-up, and the form in which many of them come.
@Suite struct CustomerTextTests {
    private func resolve(_ text: [UInt8], number: Int64? = nil) throws(CallFailure) -> ResolvedCustomer {
        let result = text.withUnsafeBufferPointer { text -> Result<ResolvedCustomer, CallFailure> in
            do throws(CallFailure) {
                let name = number.map { CustomerName.numberAndText($0, text) } ?? .text(text)
                return .success(try name.resolved(.standard))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    @Test(
        "a number in canonical form is that number, and any other text a customer of its own",
        arguments: [
            ("12347", "12347", 12347), (" 12347\u{A0}", "12347", 12347), ("17850.0", "17850", 17850),
            ("9223372036854775807", "9223372036854775807", .max), ("CUST-0001", "CUST-0001", nil),
            ("\tann@example.com ", "ann@example.com", nil), ("00123", "00123", nil),
            ("9223372036854775808", "9223372036854775808", nil), ("\u{e9}\u{1F600}", "\u{e9}\u{1F600}", nil),
            ("guest", "guest", nil),
        ] as [(String, String, Int64?)]
    )
    func customers(text: String, understood: String, number: Int64?) throws {
        let customer = try resolve(Array(text.utf8))
        #expect(customer.text.map { String(decoding: $0, as: UTF8.self) } == understood)
        if let number {
            #expect(customer.id == CustomerID(number: number))
        } else {
            let id = Array(understood.utf8).withUnsafeBufferPointer { CustomerID(text: $0) }
            #expect(customer.id == id && customer.id.isText)
        }
    }

    @Test(
        "a text that no customer can have is refused by name",
        arguments: [
            ("", "is empty"), ("  \u{A0}", "is empty"), ("1.785E+04", "'1.785E+04' is a number that is no id"),
            ("17850.5", "'17850.5'"), ("-17850", "'-17850'"), ("a\u{1}b", "'a\\u{01}b' has a control character"),
            ("a\0b", "control character"), (String(repeating: "x", count: 201), "has 201 bytes"),
        ]
    )
    func invalid(text: String, words: String) {
        do throws(CallFailure) {
            _ = try resolve(Array(text.utf8))
            Issue.record("\(text) is taken")
        } catch {
            #expect(error.code == .invalidArgument && error.message.contains(words), "\(error.message)")
        }
    }

    @Test("bytes that are not UTF-8 are refused, and 0 and -1 are nobody")
    func others() {
        #expect(throws: CallFailure.self) { try resolve([0x43, 0xFF]) }
        for text in ["0", "-1", "0.0", " -1 "] {
            do throws(CallFailure) {
                _ = try resolve(Array(text.utf8))
                Issue.record("\(text) is somebody")
            } catch {
                #expect(error.code == .notFound)
            }
        }
    }

    @Test("a number beside a text must be the same customer")
    func both() throws {
        #expect(try resolve(Array("7".utf8), number: 7).id == CustomerID(number: 7))
        for (text, number) in [("7", 8), ("CUST-1", 7), ("CUST-1", -7)] as [(String, Int64)] {
            do throws(CallFailure) {
                _ = try resolve(Array(text.utf8), number: number)
                Issue.record("\(text) is \(number)")
            } catch {
                #expect(error.code == .invalidArgument)
            }
        }
    }

    @Test("a number below 1 is nobody, the number of a text too")
    func numbers() throws {
        let text = try resolve(Array("CUST-0001".utf8))
        for number in [0, -1, .min, text.id.number] {
            #expect(throws: CallFailure.unknownCustomer(number)) { try CustomerName.number(number).resolved(.standard) }
        }
    }

    // MARK: Many

    private func read(_ bytes: [UInt8]) -> [String]? {
        bytes.withUnsafeBytes { bytes in
            CustomerTexts(bytes).map { texts in texts.map { String(decoding: $0, as: UTF8.self) } }
        }
    }

    @Test("a list has its texts in their order, and any part of it", arguments: [0, 1, 2, 127, 128, 300, 20_000])
    func list(length: Int) throws {
        let texts = ["", "a", String(repeating: "x", count: length), "12347"]
        let list = CustomerTextList(texts)
        #expect(list.count == 4 && read(list.bytes) == texts)
        #expect((0..<4).map { String(decoding: list[$0], as: UTF8.self) } == texts)
        list.withTexts { view in
            for first in 0...5 {
                for limit in 0...5 {
                    let part = view.part(from: first, atMost: limit)
                    let expected = Array(texts.dropFirst(first).prefix(limit))
                    #expect(part.count == expected.count)
                    #expect(part.prefix(part.count).map { String(decoding: $0, as: UTF8.self) } == expected)
                }
            }
        }
    }

    @Test("fields that are not known are passed over, and what is cut short is no list")
    func hostile() {
        // A varint, a fixed64, a fixed32 and bytes of other fields around a text.
        let known: [UInt8] = [
            0x10, 0x96, 0x01, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x0A, 1, 0x41, 0x25, 1, 2, 3, 4, 0x32, 1, 9,
        ]
        #expect(read(known) == ["A"])
        #expect(read([0x0A, 1]) == nil)
        #expect(read([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x41]) == nil)
        #expect(read([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]) == nil)
        #expect(read([0x0A] + [UInt8](repeating: 0x80, count: 20)) == nil)
        // A group, field 0, and field 1 of another type.
        for bytes: [UInt8] in [[0x0B], [0x02, 0], [0x07]] { #expect(read(bytes) == nil) }
        #expect(read([0x08, 1]) == [])
        for length in 1..<known.count where ![3, 12, 15, 20].contains(length) {
            #expect(read(Array(known.prefix(length))) == nil, "\(length) bytes")
        }
    }
}
