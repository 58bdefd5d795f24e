/// A PredictById request in the form that nearly all have: a customer, perhaps a deadline, the default model, and
/// nothing else. It is told by its bytes, at a tenth of the price of decoding; any other request is decoded.
///
///     09 <call_id: 8>  [10 <timeout_ms: varint>]  22 09  09 <customer_id: 8>
///
/// What it reads is what `RequestView.decode` reads from the same payload; the tests hold one against the other.
package struct PlainPredictByID: Equatable {
    package let callID: UInt64
    /// 0: no deadline.
    package let timeoutMilliseconds: UInt32
    package let customer: Int64

    /// Bytes of a payload without a deadline.
    package static let shortest = 20
    /// Longer deadlines, of 3 days and more, are decoded.
    @usableFromInline static let longestVarint = 4

    package init(callID: UInt64, timeoutMilliseconds: UInt32, customer: Int64) {
        self.callID = callID
        self.timeoutMilliseconds = timeoutMilliseconds
        self.customer = customer
    }

    /// - Returns: `nil` for a payload of any other form.
    @inlinable
    @inline(__always)
    package init?(_ payload: UnsafeRawBufferPointer) {
        let varintBytes = payload.count - Self.shortest - 1
        guard varintBytes == -1 || (varintBytes > 0 && varintBytes <= Self.longestVarint),
            let start = payload.baseAddress, payload[0] == 0x09
        else { return nil }
        let body = start + (payload.count - 11)
        // 22 09 09: field 4, a message of nine bytes; in it field 1, a fixed64.
        guard body.loadUnaligned(as: UInt16.self) == 0x0922, body.load(fromByteOffset: 2, as: UInt8.self) == 0x09 else {
            return nil
        }
        var timeout: UInt32 = 0
        if varintBytes > 0 {
            guard payload[9] == 0x10 else { return nil }
            for index in 0..<varintBytes {
                let byte = payload[10 + index]
                // All but the last have the high bit.
                guard (byte & 0x80 != 0) == (index < varintBytes - 1) else { return nil }
                timeout |= UInt32(byte & 0x7F) << (7 * UInt32(index))
            }
        }
        let callID = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
        guard callID != 0 else { return nil }
        self.init(
            callID: callID,
            timeoutMilliseconds: timeout,
            customer: Int64(littleEndian: body.loadUnaligned(fromByteOffset: 3, as: Int64.self))
        )
    }
}
