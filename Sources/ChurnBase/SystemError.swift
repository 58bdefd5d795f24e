/// An error number of the system, as `errno` has it after a call that failed.
package struct SystemError: Error, Equatable, Sendable {
    package var number: Int32

    package init(number: Int32) {
        self.number = number
    }

    /// What the last system call of this thread failed with. Read it before any other call.
    package static var last: SystemError { SystemError(number: errno) }

    package var text: String { systemText(number) }

    /// Whether accept(2), or another call that makes a descriptor, failed for lack of descriptors or memory: it works again
    /// once something is closed, and until then trying again at once only burns processor time.
    package var isShortage: Bool { [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(number) }
}

/// The system's text for an error number. glibc and musl keep the text of strerror(3) for each thread.
package func systemText(_ number: Int32) -> String {
    strerror(number).map { String(cString: $0) } ?? "error \(number)"
}
