import ChurnBase
import Testing

@Suite struct TextTests {
    @Test("a document has one field a line, and doubles that read as doubles")
    func document() {
        let value = JSON.object([
            ("b", .integer(-3)), ("a", .number(2)), ("empty", .array([])), ("bad", .number(.nan)),
            ("rows", .array([.row([("x", .number(0.1)), ("y", .null)]), .bool(true)])),
            ("none", .optional(nil as Int?) { .integer($0) }), ("figures", .figures(["q": 1, "p": 1e20])),
        ])
        let expected = """
            {
              "b": -3,
              "a": 2.0,
              "empty": [],
              "bad": null,
              "rows": [
                { "x": 0.1, "y": null },
                true
              ],
              "none": null,
              "figures": {
                "p": 1e+20,
                "q": 1.0
              }
            }

            """
        #expect(String(decoding: value.document, as: UTF8.self) == expected)
    }

    @Test("a line has no line feed, and whole numbers no fraction")
    func line() {
        let value = JSON.object([
            ("a", .number(2)), ("b", .array([.number(0.5), .milli(-1_005), .number(.infinity)])),
            ("c", .row([("d", .string("x"))])), ("e", .object([])),
        ])
        #expect(value.text == #"{"a": 2, "b": [0.5, -1.005, null], "c": {"d": "x"}, "e": {}}"#)
    }

    @Test("what would break a JSON string is escaped")
    func quoted() {
        #expect(JSON.quoted("a\"b\\c\n\r\t\u{1}\u{7f}é") == #""a\"b\\c\n\r\t\u0001\u007fé""#)
    }

    @Test("hexadecimal digits keep their leading zeros")
    func digits() {
        #expect(hexadecimal(0xab) == "00000000000000ab")
        #expect(hexadecimal(UInt64.max) == "ffffffffffffffff")
        #expect(hexadecimal([0x00, 0x0f, 0xf0, 0xff]) == "000ff0ff")
        #expect(padded(1_234, to: 3) == "1234")
    }

    @Test("numbers are as short as they can be without loss")
    func numbers() {
        #expect(shortText(3) == "3")
        #expect(shortText(-0.0) == "-0.0")
        #expect(shortText(0x1p53) == "9007199254740992.0")
        #expect(shortText(0.1) == "0.1")
        #expect(decimalText(milli: -7) == "-0.007")
        #expect(decimalText(milli: .min) == "-9223372036854775.808")
    }

    @Test("a C string ends with a NUL")
    func cString() {
        let copy = copyOfCString("né")
        defer { copy.deallocate() }
        #expect(cStringBytes("né") == 4)
        #expect((0..<4).map { copy[$0] } == [110, CChar(bitPattern: 0xc3), CChar(bitPattern: 0xa9), 0])
    }

    @Test("an error number has the system's text, and tells a shortage from the rest")
    func errors() {
        #expect(SystemError(number: ENOENT).text == "No such file or directory")
        #expect([EMFILE, ENFILE, ENOBUFS, ENOMEM].allSatisfy { SystemError(number: $0).isShortage })
        #expect([EAGAIN, EINTR, ECONNABORTED, EBADF].allSatisfy { !SystemError(number: $0).isShortage })
    }
}
