/// A format that is told by its content and cannot be read as it is.
package enum InputFormat: String, Sendable, Hashable, CaseIterable {
    case parquet, jsonLines, json, html, xml, ole, pdf, orc, avro, sqlite, bzip2, xz, zstandard, sevenZip, rar, tar
    case binaryWorkbook, openDocument

    /// With its article, to follow "is".
    package var name: String { rawValue }

    /// One line on how to get a file that can be read.
    package var conversion: String { rawValue }
}
