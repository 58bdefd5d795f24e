internal import ChurnModel

/// What training takes at most, and the sizes its kernels work in.
package enum TrainingLimits {
    /// Columns of one data set: what one model may have.
    package static let inputs = ModelLimits.inputs
    /// Rows of one data set; row numbers are kept in 32 bits.
    package static let rows = Int(Int32.max)
    /// Magnitude of every value: its square, summed over all rows, still is a double.
    package static let magnitude = ModelLimits.magnitude
    package static let threads = 1_024
    package static let folds = 100
    /// Cutoffs of one collection of snapshots.
    package static let cutoffs = 1_000
    package static let bootstrapResamples = 1_000_000

    /// Rows of a block of the kernels. A multiple of 8; a block of 16 columns then is 34 kB and stays in the first-level
    /// cache while every pair of its columns is multiplied.
    static let blockRows = 256
    /// From one column of a block to the next, in doubles. Not a power of two: the columns of one row would all fall into
    /// a few sets of the cache.
    static let blockStride = blockRows + 8
    /// Blocks that one thread adds up before their sum goes into the total. The total is added in the order of these
    /// units, so it does not depend on the number of threads.
    static let blocksPerUnit = 8
    /// A fit of more units than this starts from one of some of them.
    static let unitsOfSample = 4

    /// What the kernels rely on; checked by a test.
    package static var areConsistent: Bool {
        // Whole vectors of 8, at the end of a column too.
        blockRows % 8 == 0 && blockStride >= blockRows && blockStride % 8 == 0
            // The product of one factor below or at 2 a vector must stay a double.
            && blockRows / 8 < 1_023
            // The square of any value, added up over all rows.
            && magnitude * magnitude * Double(rows) < .greatestFiniteMagnitude
            && rows <= Int(Int32.max) && unitsOfSample > 0 && blocksPerUnit > 0
    }
}
