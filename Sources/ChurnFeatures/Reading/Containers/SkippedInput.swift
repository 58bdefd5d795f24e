/// Something beside the inputs that is not read, and why.
package struct SkippedInput: Sendable, Hashable, CustomStringConvertible {
    package enum Reason: Sendable, Hashable {
        /// A name that begins with a dot, or what a Macintosh adds to an archive.
        case hidden
        /// The ending of the name is none of `TransactionInputs.endings`.
        case otherEnding
        /// The ending is another one, and the content is a format that has to be converted first.
        case unreadable(InputFormat)
        /// What an earlier run rejected.
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
            case .otherEnding: "its name does not end in \(TransactionInputs.endings.joined(separator: ", "))"
            case .unreadable(let format): "\(format.name); \(format.conversion)"
            case .rejectsFile: "lines that were rejected before"
            case .specialFile: "no regular file"
            case .link: "a link to a folder, or to nothing"
            case .otherWorksheet(let read): "the worksheet \"\(read)\" is read"
            case .hiddenWorksheet: "a hidden worksheet"
            case .notAWorksheet: "no worksheet"
            }
        return "\(name): skipped, \(why)"
    }
}
