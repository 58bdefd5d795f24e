import ChurnBase
import Testing

@Suite struct CustomerIDTests {
    /// Made by Python's hashlib.
    @Test(
        "a text has the first 63 bits of its SHA-256 as number and the next 64 as check",
        arguments: [
            ("CUST-0001", -2_213_004_815_974_718_674, 0x10d7_ad8c_ac5c_134c, -9_223_372_036_854_725_997),
            ("017850", -398_270_334_228_194_538, 0xe905_b965_47da_28a1, -9_223_372_036_854_713_102),
            ("Ä@example.org", -7_601_828_818_923_142_255, 0x387e_d7c4_f07f_db7c, -9_223_372_036_854_764_287),
        ] as [(String, Int64, UInt64, Int64)]
    )
    func numbers(text: String, number: Int64, check: UInt64, truncated: Int64) {
        #expect(id(text) == CustomerID(number: number, check: check))
        #expect(id(text, CustomerHash(bits: 16)) == CustomerID(number: truncated, check: check))
    }

    @Test("what is too long, no UTF-8 or has control characters is no customer")
    func refused() {
        #expect(id(String(repeating: "é", count: 100))?.isText == true)
        #expect(id(String(repeating: "é", count: 100) + "x") == nil)
        #expect(id("") == nil)
        #expect(id("a\u{0}b") == nil)
        #expect(id("a\tb") == nil)
        #expect([0x61, 0xFF].withUnsafeBufferPointer { CustomerID(text: $0) } == nil)
    }

    @Test("numbers are canonical, or followed by zeros; all else is a text, damaged, or nobody")
    func kinds() {
        for (text, number) in [
            ("17850", 17850), ("17850.0", 17850), ("17850.00", 17850), (" 17850 ", 17850), ("\u{A0}1\u{A0}", 1),
            ("6123456789012", 6_123_456_789_012), ("9223372036854775807", Int64.max),
            ("1000000000000000000", 1_000_000_000_000_000_000),
        ] as [(String, Int64)] {
            #expect(kind(text) == "number \(number)", "\(text)")
        }
        for text in [
            "017850", "00123", "CUST-0001", "5e4a-11", "a@b.org", "1,234", "9223372036854775808", "guest", "12 34",
            "00",
        ] {
            #expect(kind(text) == "text \(text)", "\(text)")
        }
        for text in ["1.785E+04", "17850.5", "17850.", "-2", "+5", "1e5"] {
            #expect(kind(text) == "damaged", "\(text)")
        }
        for text in ["", " ", "0", "-1", "0.0", "-1.00"] { #expect(kind(text) == "none", "\(text)") }
    }

    private func id(_ text: String, _ hash: CustomerHash = .standard) -> CustomerID? {
        Array(text.utf8).withUnsafeBufferPointer { CustomerID(text: $0, hash: hash) }
    }

    private func kind(_ text: String) -> String {
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            switch CustomerText(bytes) {
            case .number(let number): "number \(number)"
            case .none: "none"
            case .damaged: "damaged"
            case .text(let text): "text \(String(decoding: text, as: UTF8.self))"
            }
        }
    }
}
