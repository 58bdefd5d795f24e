/// The limits of answering calls that are not settings, in one place. Those of a call itself are `CallLimits`.
package enum ServingLimits {
    /// Rows scored between two checks of the deadline and of whether the peer is still there.
    static let rowsPerSlice = 8192

    /// Rows of a batch that are looked up in the store at a time.
    static let lookupRowsPerSlice = 4096

    /// How long a call that has no deadline of its own waits for the store.
    static let lookupSeconds: Int64 = 10
}
