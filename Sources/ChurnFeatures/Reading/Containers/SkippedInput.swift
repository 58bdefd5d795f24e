/// Something beside the inputs that is not read, and why.
package struct SkippedInput: Sendable, Hashable, CustomStringConvertible {
    package enum Reason: Sendable, Hashable {
        /// A name that begins with a dot, or what a Macintosh adds to an archive.
        case hidden
        /// The name has none of `TransactionInputs.endings`, or of `memberEndings` in an archive.
        case otherEnding
        /// The name has another ending, and the content is in a format that must be converted first.
        case unreadable(InputFormat)
        /// The rejected lines of an earlier run.
        case rejectsFile
        /// A pipe, a socket or a device in a folder.
        case specialFile
        /// A symbolic link to a folder, or to nothing.
        case link
        case otherWorksheet(read: String)
        case hiddenWorksheet
        case notAWorksheet
    }

    package let name: String
    package let reason: Reason

    package init(name: String, reason: Reason) {
        self.name = name
        self.reason = reason
    }

    package var description: String {
        let why =
            switch reason {
            case .hidden: "hidden"
            case .otherEnding: "its name does not end in .csv or another ending that is read"
            case .unreadable(let format): "\(format.name); \(format.conversion)"
            case .rejectsFile: "the rejected lines of an earlier run"
            case .specialFile: "not a regular file"
            case .link: "a link to a folder, or to nothing"
            case .otherWorksheet(let read): "the worksheet \"\(read)\" is read"
            case .hiddenWorksheet: "a hidden worksheet"
            case .notAWorksheet: "not a worksheet"
            }
        return "\(name): skipped, \(why)"
    }
}
