// read(2) and write(2) until they have done what was wanted: a signal may interrupt them, and they may do a part of it.

/// Reads what is there, at most `target.count` bytes; waits for the first byte.
///
/// - Parameter target: not empty.
/// - Returns: the number of bytes read; 0 at the end.
package func readAvailable(
    _ descriptor: Int32,
    into target: UnsafeMutableRawBufferPointer
) throws(SystemError) -> Int {
    while true {
        let count = read(descriptor, target.baseAddress, target.count)
        if count >= 0 { return count }
        if errno != EINTR { throw .last }
    }
}

/// Fills `target`, unless the file ends before.
///
/// - Parameter offset: where to read, for a file; `nil` for where the descriptor stands.
/// - Returns: the number of bytes read, less than `target.count` at the end only.
package func readFully(
    _ descriptor: Int32,
    into target: UnsafeMutableRawBufferPointer,
    at offset: Int64? = nil
) throws(SystemError) -> Int {
    var filled = 0
    while filled < target.count {
        let rest = target.baseAddress.map { $0 + filled }
        let count =
            if let offset {
                pread(descriptor, rest, target.count - filled, off_t(offset) + off_t(filled))
            } else {
                read(descriptor, rest, target.count - filled)
            }
        if count > 0 {
            filled += count
        } else if count == 0 {
            return filled
        } else if errno != EINTR {
            throw .last
        }
    }
    return filled
}

/// Writes all of `source`. Waits where the descriptor is one of a terminal, pipe or socket that takes no more for now.
///
/// - Parameter offset: where to write, for a file; `nil` for where the descriptor stands.
package func writeFully(
    _ descriptor: Int32,
    _ source: UnsafeRawBufferPointer,
    at offset: Int64? = nil
) throws(SystemError) {
    var written = 0
    while written < source.count {
        let rest = source.baseAddress.map { $0 + written }
        let count =
            if let offset {
                pwrite(descriptor, rest, source.count - written, off_t(offset) + off_t(written))
            } else {
                write(descriptor, rest, source.count - written)
            }
        if count > 0 {
            written += count
        } else if count == 0 {
            // Only a device answers so; trying again would not end.
            throw SystemError(number: ENOSPC)
        } else if errno == EAGAIN {
            // Another process made the terminal or pipe non-blocking: wait until it takes more.
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&wait, 1, -1)
        } else if errno != EINTR {
            throw .last
        }
    }
}

package func writeFully(_ descriptor: Int32, _ bytes: [UInt8]) throws(SystemError) {
    // `withUnsafeBytes` of an array takes no typed error.
    let outcome = bytes.withUnsafeBytes { buffer in
        Result { () throws(SystemError) in try writeFully(descriptor, buffer) }
    }
    try outcome.get()
}
