/// The first four bytes of a frame: the length of its payload, big-endian.
package enum FrameHeader {
    /// - Precondition: `bytes` has at least four bytes.
    @inlinable
    @inline(__always)
    package static func payloadBytes(_ bytes: UnsafeRawPointer) -> Int {
        Int(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
    }

    /// The call id of a payload that may be broken or incomplete: `nil` when it does not begin with one, or when the
    /// id is 0.
    @inlinable
    @inline(__always)
    package static func callID(_ payload: UnsafeRawBufferPointer) -> UInt64? {
        // 0x09: field 1, wire type fixed64.
        guard payload.count >= ProtocolLimits.callIDBytes, payload[0] == 0x09 else { return nil }
        let id = UInt64(littleEndian: payload.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
        return id == 0 ? nil : id
    }
}
