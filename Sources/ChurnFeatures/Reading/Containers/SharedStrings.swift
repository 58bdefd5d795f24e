/// The shared texts of a workbook, each as a field of CSV, packed into blocks of memory.
final class SharedStrings {
    private static let blockBytes = 1 << 20
    private var blocks: [UnsafeMutablePointer<UInt8>] = []
    private var blockUsed = SharedStrings.blockBytes
    /// Where a text begins, counted over all blocks; its length stands before it in four bytes.
    private var starts: [UInt32] = []

    var count: Int { starts.count }

    deinit {
        for block in blocks { block.deallocate() }
    }

    /// - Parameter field: at most `2 * ContainerLimits.cellBytes + 2` bytes.
    /// - Returns: false when there is no space left.
    func append(_ field: [UInt8]) -> Bool {
        let needed = 4 + field.count
        if blockUsed + needed > Self.blockBytes {
            guard (blocks.count + 1) * Self.blockBytes + 4 * starts.count <= ContainerLimits.sharedStringBytes else {
                return false
            }
            blocks.append(.allocate(capacity: Self.blockBytes))
            blockUsed = 0
        }
        guard let block = blocks.last, 4 * starts.count <= ContainerLimits.sharedStringBytes else { return false }
        starts.append(UInt32((blocks.count - 1) * Self.blockBytes + blockUsed))
        UnsafeMutableRawPointer(block + blockUsed).storeBytes(of: UInt32(field.count), as: UInt32.self)
        field.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { (block + blockUsed + 4).update(from: base, count: source.count) }
        }
        blockUsed += needed
        return true
    }

    /// Nil when there is no such text.
    func field(_ index: Int) -> UnsafeBufferPointer<UInt8>? {
        guard starts.indices.contains(index) else { return nil }
        let start = Int(starts[index])
        let base = blocks[start / Self.blockBytes] + start % Self.blockBytes
        let count = UnsafeRawPointer(base).loadUnaligned(as: UInt32.self)
        return UnsafeBufferPointer(start: base + 4, count: Int(count))
    }
}

/// Reads `sharedStrings.xml`. A text may be in pieces of different looks; how it is pronounced is left out.
final class SharedStringsEvents: XMLEvents {
    let strings = SharedStrings()
    private var current: [UInt8] = []
    private var isInPhonetic = false

    override func start(_ name: XMLName, _ attributes: XMLAttributes) {
        if name == "t" {
            wantsText = !isInPhonetic
        } else if name == "si" {
            current.removeAll(keepingCapacity: true)
        } else if name == "rPh" {
            isInPhonetic = true
        }
    }

    override func text(_ piece: UnsafeBufferPointer<UInt8>) {
        current.append(contentsOf: piece)
        if current.count > ContainerLimits.cellBytes { fault = .cellTooLong(cell: "\(strings.count + 1) of all texts") }
    }

    override func end(_ name: XMLName) {
        if name == "t" {
            wantsText = false
        } else if name == "rPh" {
            isInPhonetic = false
        } else if name == "si" {
            var field: [UInt8] = []
            CellText.appendField(&current, to: &field)
            if !strings.append(field) { fault = .sharedStringsTooLarge }
        }
    }
}
