/// The limits of the wire, in one place. Both ends enforce them.
package enum ProtocolLimits {
    /// Bytes of the length that starts a frame.
    package static let headerBytes = 4

    /// Largest payload of a frame, either way. 16 MiB holds a batch of 174,000 rows of 12 columns.
    package static let payloadBytes = 16 * 1024 * 1024

    /// A tag byte and a fixed64: the least payload that carries a call id.
    package static let callIDBytes = 9

    /// What decoding a frame may allocate: protobuf-c copies every field, and spends up to 40 bytes on an unknown
    /// field of two.
    package static func arenaBytes(payloadBytes: Int) -> Int {
        2 * payloadBytes + 64 * 1024
    }
}
