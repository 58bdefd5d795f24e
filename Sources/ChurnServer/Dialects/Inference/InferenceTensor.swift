internal import ChurnBase
internal import ChurnCalls

/// One input of a request of the Open Inference Protocol, as it came: a view into memory of whoever decoded it.
struct InferenceTensor {
    enum Contents {
        /// Values row by row, little-endian; of BYTES each behind its length in four bytes.
        case raw(UnsafeRawBufferPointer)
        /// Valid JSON: an array of values row by row, or of arrays of them.
        case json(UnsafeRawBufferPointer)
        case integers(UnsafeBufferPointer<Int64>)
        case doubles(UnsafeBufferPointer<Double>)
        case floats(UnsafeBufferPointer<Float>)
        case texts([UnsafeRawBufferPointer])
        /// Of another datatype.
        case other
    }

    let name: String
    let datatype: String
    let shape: [Int64]
    let contents: Contents

    /// Most dimensions that are read of a shape; every input has one or two.
    static let dimensions = 8

    // MARK: Shapes

    /// The rows of a tensor of that many columns: its shape is [rows, columns], and may be [rows] for one column.
    private func rows(columns: Int) throws(CallFailure) -> Int {
        let isVector = columns == 1 && shape.count == 1
        guard isVector || (shape.count == 2 && shape[1] == Int64(columns)) else {
            let wanted = columns == 1 ? "[N] or [N, 1]" : "[N, \(columns)]"
            throw .invalidArgument("the input \(quotedForPeer(name)) has the shape \(shape), and must have \(wanted)")
        }
        guard (0...Int64(CallLimits.batchRows)).contains(shape[0]) else {
            throw .invalidArgument(
                "the input \(quotedForPeer(name)) has the shape \(shape); its rows are limited to \(CallLimits.batchRows)"
            )
        }
        return Int(shape[0])
    }

    private func requireCount(_ found: Int, _ wanted: Int) throws(CallFailure) {
        guard found == wanted else {
            throw .invalidArgument(
                "the input \(quotedForPeer(name)) has \(found) values, and by its shape \(shape) \(wanted)"
            )
        }
    }

    private func requireBytes(_ bytes: UnsafeRawBufferPointer, _ wanted: Int) throws(CallFailure) {
        guard bytes.count == wanted else {
            throw .invalidArgument(
                "the input \(quotedForPeer(name)) has \(bytes.count) bytes of data, and by its shape \(shape) and its "
                    + "datatype \(datatype) \(wanted)"
            )
        }
    }

    private func wrongDatatype(_ wanted: String) -> CallFailure {
        .invalidArgument(
            "the input \(quotedForPeer(name)) has the datatype \(quotedForPeer(datatype)), and must have \(wanted)"
        )
    }

    /// Contents of another kind than the datatype.
    private var wrongContents: CallFailure {
        .invalidArgument("the contents of the input \(quotedForPeer(name)) are not of its datatype \(datatype)")
    }

    // MARK: Customers

    /// The customers' numbers, of INT64.
    func readIDs() throws(CallFailure) -> [Int64] {
        guard datatype == "INT64" else { throw wrongDatatype("INT64 or BYTES") }
        let rows = try rows(columns: 1)
        switch contents {
        case .raw(let bytes):
            try requireBytes(bytes, 8 * rows)
            return (0..<rows).map { Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
        case .integers(let values):
            try requireCount(values.count, rows)
            return Array(values)
        case .json(let text):
            var ids: [Int64] = []
            try forEachJSONValue(text, rows) { _, reader, kind throws(JSONFault) in
                guard kind == .number, let id = try reader.readNumber().integer else { return false }
                ids.append(id)
                return true
            } wrong: { row in
                .invalidArgument("row \(row) of the input \(quotedForPeer(name)) is not a whole number of 64 bits")
            }
            return ids
        default: throw wrongContents
        }
    }

    /// The customers' texts, of BYTES. What one of them names is a matter of its row.
    func readTexts() throws(CallFailure) -> CustomerTextList {
        guard datatype == "BYTES" else { throw wrongDatatype("BYTES") }
        let rows = try rows(columns: 1)
        var texts = CustomerTextList()
        switch contents {
        case .raw(let bytes): return try readRawTexts(bytes, rows)
        case .texts(let found):
            try requireCount(found.count, rows)
            for text in found { texts.append(text) }
        case .json(let text):
            try forEachJSONValue(text, rows) { _, reader, kind throws(JSONFault) in
                guard kind == .string else { return false }
                let string = try reader.readString()
                if string.hasEscapes { texts.append(string.string.utf8) } else { texts.append(string.bytes) }
                return true
            } wrong: { row in
                .invalidArgument("row \(row) of the input \(quotedForPeer(name)) is not a text")
            }
        default: throw wrongContents
        }
        return texts
    }

    private func readRawTexts(_ bytes: UnsafeRawBufferPointer, _ rows: Int) throws(CallFailure) -> CustomerTextList {
        var texts = CustomerTextList()
        var rest = bytes
        while !rest.isEmpty {
            guard rest.count >= 4 else { throw cutText }
            let length = Int(UInt32(littleEndian: rest.loadUnaligned(as: UInt32.self)))
            guard length <= rest.count - 4 else { throw cutText }
            guard texts.count < rows else { break }
            texts.append(UnsafeRawBufferPointer(rebasing: rest[4..<(4 + length)]))
            rest = UnsafeRawBufferPointer(rebasing: rest[(4 + length)...])
        }
        guard rest.isEmpty else {
            throw .invalidArgument("the input \(quotedForPeer(name)) has more values than its shape \(shape) says")
        }
        try requireCount(texts.count, rows)
        return texts
    }

    private var cutText: CallFailure {
        .invalidArgument("the data of the input \(quotedForPeer(name)) end within a value of BYTES")
    }

    // MARK: Features

    /// Appends the values column by column: of FP64, or of FP32, which are widened exactly.
    ///
    /// - Returns: the rows.
    @discardableResult
    func readDoubles(columns: Int, into values: inout [Double]) throws(CallFailure) -> Int {
        guard datatype == "FP64" || datatype == "FP32" else { throw wrongDatatype("FP64 or FP32") }
        let rows = try rows(columns: columns)
        let count = rows * columns
        // Before there is memory for them: a shape costs its sender nothing.
        switch (contents, datatype) {
        case (.raw(let bytes), "FP64"): try requireBytes(bytes, 8 * count)
        case (.raw(let bytes), _): try requireBytes(bytes, 4 * count)
        case (.doubles(let found), "FP64"): try requireCount(found.count, count)
        case (.floats(let found), "FP32"): try requireCount(found.count, count)
        case (.json(let text), _):
            // A value has a byte, and another one between it and the next.
            if count > text.count / 2 { try requireCount(try jsonCount(text, upTo: count), count) }
        default: throw wrongContents
        }
        let start = values.count
        values.append(contentsOf: repeatElement(0, count: count))
        func place(_ index: Int) -> Int { start + (index % columns) * rows + index / columns }
        switch contents {
        case .raw(let bytes) where datatype == "FP64":
            for index in 0..<count {
                let pattern = bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
                values[place(index)] = Double(bitPattern: UInt64(littleEndian: pattern))
            }
        case .raw(let bytes):
            for index in 0..<count {
                let pattern = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                values[place(index)] = Double(Float(bitPattern: UInt32(littleEndian: pattern)))
            }
        case .doubles(let found): for index in 0..<count { values[place(index)] = found[index] }
        case .floats(let found): for index in 0..<count { values[place(index)] = Double(found[index]) }
        case .json(let text):
            let isFloat = datatype == "FP32"
            try forEachJSONValue(text, count) { index, reader, kind throws(JSONFault) in
                guard kind == .number, var value = try reader.readNumber().double else { return false }
                if isFloat { value = Double(Float(value)) }
                guard value.isFinite, index < count else { return index >= count }
                values[place(index)] = value
                return true
            } wrong: { index in
                .invalidArgument(
                    "value \(index) of the input \(quotedForPeer(name)) is not a finite number of its datatype"
                )
            }
        case .integers, .texts, .other: throw wrongContents
        }
        return rows
    }

    /// The values of a JSON array, as far as they are wanted.
    private func jsonCount(_ text: UnsafeRawBufferPointer, upTo wanted: Int) throws(CallFailure) -> Int {
        var count = 0
        try forEachJSONValue(text, wanted) { _, reader, _ throws(JSONFault) in
            try reader.skipValue()
            count += 1
            return true
        } wrong: { _ in
            wrongContents
        }
        return count
    }

    // MARK: JSON

    /// Reads the values of an array, whose arrays are read as if they stood side by side.
    ///
    /// - Parameters:
    ///   - take: reads the value at that index, which is of that kind; `false` when it is none of the datatype.
    ///   - wrong: the failure for the value at that index.
    private func forEachJSONValue(
        _ text: UnsafeRawBufferPointer,
        _ wanted: Int,
        _ take: (Int, inout JSONReader, JSONReader.Kind) throws(JSONFault) -> Bool,
        wrong: (Int) -> CallFailure
    ) throws(CallFailure) {
        var reader = JSONReader(text, depthLimit: Self.dimensions)
        var count = 0
        var isWrong = false
        do throws(JSONFault) {
            guard try reader.peek() == .array else {
                throw JSONFault(.value, at: 0)
            }
            // Whether the next element is the first, by level.
            var levels: [Bool] = [true]
            try reader.beginArray()
            while var isFirst = levels.popLast() {
                guard try reader.nextElement(&isFirst) else { continue }
                levels.append(isFirst)
                let kind = try reader.peek()
                if kind == .array {
                    try reader.beginArray()
                    levels.append(true)
                    continue
                }
                // One more than there may be is enough to know.
                guard count <= wanted, try take(count, &reader, kind) else {
                    isWrong = true
                    break
                }
                count += 1
            }
        } catch {
            throw .invalidArgument(
                "the data of the input \(quotedForPeer(name)) are no array of values, or of arrays of values, up to "
                    + "\(Self.dimensions) levels"
            )
        }
        if count > wanted {
            throw .invalidArgument("the input \(quotedForPeer(name)) has more values than its shape \(shape) says")
        }
        if isWrong { throw wrong(count) }
        try requireCount(count, wanted)
    }
}
