/// The format of `sha256sum`: a digest, a space, a space or `*`, a file name.
package enum ChecksumFile {
    /// One line, with its line feed.
    package static func line(digest: String, file: String) -> String {
        "\(digest)  \(file)\n"
    }

    /// The digest given for `file`, in lower case.
    ///
    /// - Returns: nil when no line names the file.
    /// - Throws: the number of a line that is not of this format, or names the file a second time.
    package static func digest(of file: String, in bytes: [UInt8]) throws(BadLine) -> String? {
        var found: String?
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !(line.isEmpty && index == lines.count - 1) {
            let digest = line.prefix(64)
            let marker = line.dropFirst(64).prefix(2)
            let name = line.dropFirst(66)
            guard digest.count == 64, digest.allSatisfy(isHexadecimalDigit), !name.isEmpty,
                marker.elementsEqual("  ".utf8) || marker.elementsEqual(" *".utf8)
            else { throw BadLine(number: index + 1) }
            guard name.elementsEqual(file.utf8) else { continue }
            guard found == nil else { throw BadLine(number: index + 1) }
            found = String(decoding: digest, as: UTF8.self).lowercased()
        }
        return found
    }

    /// A line that is not of the format, counted from 1.
    package struct BadLine: Error {
        package var number: Int
    }

    private static func isHexadecimalDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
