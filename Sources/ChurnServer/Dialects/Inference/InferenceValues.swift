internal import ChurnCalls
internal import NIOCore

/// The values of the outputs of an answer, to be written.
struct InferenceValues<Doubles: RandomAccessCollection<Double>, Bytes: RandomAccessCollection<UInt8>>
where Doubles.Index == Int, Bytes.Index == Int {
    let probabilities: Doubles
    /// Empty: no row is a churner.
    let decisions: Bytes
    /// Empty: every row is OK.
    let statuses: Bytes

    /// Writes one value as JSON, with a comma before it in all rows but the first.
    func writeJSON(_ name: InferenceOutputName, _ row: Int, _ output: inout ByteBuffer) {
        if row > 0 { output.writeLiteral(",") }
        switch name {
        case .probability: output.writeDouble(probabilities[row])
        case .decision: output.writeBool(!decisions.isEmpty && decisions[row] == 1)
        case .status: output.writeDecimal(statuses.isEmpty ? 0 : Int64(statuses[row]))
        }
    }

    /// Writes the values of some rows one after the other, little-endian.
    func writeBinary(_ name: InferenceOutputName, _ range: Range<Int>, _ output: inout ByteBuffer) {
        let bytes = range.count * name.valueBytes
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes) { space in
            for (index, row) in range.enumerated() {
                switch name {
                case .probability:
                    let pattern = probabilities[row].bitPattern.littleEndian
                    space.storeBytes(of: pattern, toByteOffset: 8 * index, as: UInt64.self)
                case .decision: space[index] = decisions.isEmpty ? 0 : decisions[row]
                case .status:
                    let status = statuses.isEmpty ? 0 : Int32(statuses[row]).littleEndian
                    space.storeBytes(of: status, toByteOffset: 4 * index, as: Int32.self)
                }
            }
            return bytes
        }
    }
}
