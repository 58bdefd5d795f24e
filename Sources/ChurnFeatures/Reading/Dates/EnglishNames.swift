/// English names of months and days of the week, whole or their first three letters, in any case.
enum EnglishNames {
    /// 1 to 12.
    static func month(_ word: UnsafeBufferPointer<UInt8>) -> Int? {
        if isEqual(word, to: "sept") { return 9 }
        for (index, name) in months.enumerated() where isName(word, name) { return index + 1 }
        return nil
    }

    static func isWeekday(_ word: UnsafeBufferPointer<UInt8>) -> Bool { weekdays.contains { isName(word, $0) } }

    private static let months: [StaticString] = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ]
    private static let weekdays: [StaticString] = [
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    ]

    private static func isName(_ word: UnsafeBufferPointer<UInt8>, _ name: StaticString) -> Bool {
        isEqual(word, to: name) || (word.count == 3 && isEqual(word, to: name, prefix: 3))
    }
}

/// Whether the letters are those of `name`, which is lower case, in any case; of its first `prefix` bytes where it is given.
func isEqual(_ word: UnsafeBufferPointer<UInt8>, to name: StaticString, prefix: Int? = nil) -> Bool {
    name.withUTF8Buffer { bytes in
        let count = prefix ?? bytes.count
        guard word.count == count else { return false }
        for index in 0..<count {
            let byte = word[index]
            if (byte < 0x80 ? byte | 0x20 : byte) != bytes[index] { return false }
        }
        return true
    }
}
