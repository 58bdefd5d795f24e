/// The first pass over the files of one command: tells how they are to be read, before anything is kept.
///
/// Each file is read as far as is needed: until its dates and its decimal sign are proved, by it or by a file before, or to
/// its end. Then `settle` gives the layout of each, in the order in which they were examined, or throws what has to be told.
/// Evidence is shared by all files: the order of dates per kind of date (slashes, dashes), the decimal sign, the offset.
/// Memory is a few hundred bytes per file.
///
/// What the first pass did not read is held against the layout by `TransactionReader`, which ends with a `ReadingError` at
/// the line that contradicts it: nothing of a command is to be kept before its last file has been read.
package struct LayoutEvidence {
    package init(layout: ReadingLayout = ReadingLayout(), settings: ReadingSettings = .defaults)

    /// Reads the beginning of a file. `name` stands for the path in messages.
    ///
    /// - Throws: `ReadingError`: what the header shows, and dates or numbers that contradict each other.
    package mutating func examine(path: String, name: String? = nil) throws(ReadingError)

    package mutating func examine(bytes: [UInt8], name: String) throws(ReadingError)

    /// - Throws: `ReadingError.layout` with the first date or number that can be read in two ways.
    package func settle() throws(ReadingError) -> [SettledLayout]
}
