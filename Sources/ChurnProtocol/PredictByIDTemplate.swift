package import ChurnCalls
internal import NIOCore

/// The frame of a PredictById answer, packed once by protobuf-c; each answer copies it and fills in what differs, all
/// of it in fields of eight bytes.
///
/// The bytes are those of ``ResponseEncoder``, as long as none of the fields is 0: proto3 leaves such a field out.
package struct PredictByIDTemplate: ~Copyable {
    /// What differs from answer to answer.
    package struct Fields {
        package var callID: UInt64
        package var customer: Int64
        package var probability: Double
        package var logOdds: Double

        @inlinable
        @inline(__always)
        package init(callID: UInt64, customer: Int64, probability: Double, logOdds: Double) {
            self.callID = callID
            self.customer = customer
            self.probability = probability
            self.logOdds = logOdds
        }

        /// Whether the frame of these fields has the template's form.
        @inlinable
        @inline(__always)
        package var fit: Bool { callID != 0 && customer != 0 && probability != 0 && logOdds != 0 }
    }

    @usableFromInline let frame: UnsafeMutableRawBufferPointer
    @usableFromInline let callIDOffset: Int
    @usableFromInline let customerOffset: Int
    @usableFromInline let probabilityOffset: Int
    @usableFromInline let logOddsOffset: Int
    @usableFromInline let featuresOffset: Int
    /// Where the bare message begins in the frame; it ends with it.
    package let messageOffset: Int

    /// - Parameter answer: of the form wanted. Its fields that differ from answer to answer are not looked at, but for
    ///   the number of features.
    /// - Returns: `nil` for an answer without features, or with contributions or names.
    package init?(like answer: PredictByIDAnswer, model: ModelIdentityView) {
        guard answer.features.count > 0, answer.contributions.isEmpty, answer.names.isEmpty else { return nil }
        // Packed with values that are found again in the bytes.
        let marks = (0..<5).map { 0x9E37_79B9_7F4A_7C15 &* UInt64($0 + 1) & 0x3FFF_FFFF_FFFF_FFFF }
        let features = [Double](repeating: Double(bitPattern: marks[4]), count: answer.features.count)
        var sample = answer
        sample.customer = Int64(bitPattern: marks[1])
        sample.probability = Double(bitPattern: marks[2])
        sample.logOdds = Double(bitPattern: marks[3])
        var buffer = ByteBuffer()
        var message = ByteBuffer()
        features.withUnsafeBufferPointer { features in
            sample.features = features
            ResponseEncoder.write(sample, model: model, callID: marks[0], to: &buffer)
            _ = ResponseEncoder.writeMessage(.prediction(sample, model: model), to: &message)
        }
        let bytes = Array(buffer.readableBytesView)
        guard message.readableBytes > 0, bytes.suffix(message.readableBytes).elementsEqual(message.readableBytesView)
        else {
            return nil
        }
        let offsets = marks.map { mark in
            let wanted = withUnsafeBytes(of: mark.littleEndian) { Array($0) }
            return bytes.indices.dropLast(7).filter { Array(bytes[$0..<($0 + 8)]) == wanted }
        }
        let featuresAreTogether = offsets[4].indices.allSatisfy { offsets[4][$0] == offsets[4][0] + 8 * $0 }
        guard offsets[0..<4].allSatisfy({ $0.count == 1 }), offsets[4].count == features.count, featuresAreTogether
        else {
            return nil
        }
        messageOffset = bytes.count - message.readableBytes
        callIDOffset = offsets[0][0]
        customerOffset = offsets[1][0]
        probabilityOffset = offsets[2][0]
        logOddsOffset = offsets[3][0]
        featuresOffset = offsets[4][0]
        frame = .allocate(byteCount: bytes.count, alignment: 16)
        frame.copyBytes(from: bytes)
    }

    deinit {
        frame.deallocate()
    }

    @inlinable package var frameBytes: Int { frame.count }

    /// Writes one frame.
    ///
    /// - Parameters:
    ///   - output: `frameBytes` bytes, overwritten.
    ///   - features: writes the features there, one after another, perhaps unaligned.
    /// - Precondition: `fields.fit`.
    @inlinable
    @inline(__always)
    package borrowing func write(
        _ fields: Fields,
        to output: UnsafeMutableRawPointer,
        features: (UnsafeMutableRawPointer) -> Void
    ) {
        output.copyMemory(from: frame.baseAddress.unsafelyUnwrapped, byteCount: frame.count)
        output.storeBytes(of: fields.callID.littleEndian, toByteOffset: callIDOffset, as: UInt64.self)
        output.storeBytes(of: fields.customer.littleEndian, toByteOffset: customerOffset, as: Int64.self)
        output.storeBytes(
            of: fields.probability.bitPattern.littleEndian,
            toByteOffset: probabilityOffset,
            as: UInt64.self
        )
        output.storeBytes(of: fields.logOdds.bitPattern.littleEndian, toByteOffset: logOddsOffset, as: UInt64.self)
        features(output + featuresOffset)
    }
}
