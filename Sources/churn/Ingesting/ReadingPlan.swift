internal import ChurnFeatures

/// The inputs of a command, each of which opens any number of times, and how they are read.
struct ReadingPlan {
    private(set) var inputs: [TransactionInput] = []
    /// What lies beside the inputs and is not read.
    private(set) var skipped: [SkippedInput] = []
    /// By input.
    private(set) var layouts: [SettledLayout] = []
    /// What the inputs that were pipes are read from now.
    private var copies: [InputCopy] = []

    /// Finds the inputs, copies those that are readable once, and settles their layouts. Nothing else is written.
    ///
    /// - Throws: `ReadingError`, `TemporaryFileError`.
    init(paths: [String], options: ReadingOptions) throws {
        let layout = try options.readingLayout()
        let found = try TransactionInputs.find(at: paths, worksheet: options.worksheet)
        skipped = found.skipped
        for input in found.inputs {
            guard input.isReadableOnce else {
                inputs.append(input)
                continue
            }
            let copy = try InputCopy(of: input)
            let copied = try TransactionInputs.find(in: copy.path, name: input.name, worksheet: options.worksheet)
            copies.append(copy)
            inputs += copied.inputs
            skipped += copied.skipped
        }
        // Evidence is shared: what one file leaves open, another may prove.
        var evidence = LayoutEvidence(layout: layout)
        for input in inputs { try evidence.examine(input) }
        layouts = try evidence.settle()
    }

    /// Bytes of all inputs, as stored.
    var byteCount: Int64 { inputs.reduce(0) { $0 + ($1.byteCount ?? 0) } }
}
