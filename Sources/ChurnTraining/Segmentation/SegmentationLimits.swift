/// What segmentation takes at most. All are checked before anything is allocated from them.
package enum SegmentationLimits {
    /// Columns of a ``PointMatrix``.
    package static let dimensions = 1_024
    /// Points of a ``PointMatrix``: labels and counts are 32-bit.
    package static let points = 100_000_000
    /// Magnitude of a coordinate: the square of a squared distance stays below infinity.
    package static let magnitude = 1e70
    /// Clusters of one ``KMeans``.
    package static let clusters = 65_536
    package static let restarts = 100_000
    package static let iterations = 1_000_000
    package static let threads = 256
    /// Bytes of a segment's name.
    package static let nameBytes = 64
    /// Segments of a ``SegmentModel``: few enough to look at, and to stand in a byte.
    package static let segments = 255
}
