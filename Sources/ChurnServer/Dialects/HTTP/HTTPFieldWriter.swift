/// Where the fields of a response's head are written, in the form of one version of HTTP.
protocol HTTPFieldWriter {
    /// - Parameter name: in small letters.
    mutating func writeField(_ name: StaticString, literal value: StaticString)
    mutating func writeField(_ name: StaticString, quotedHexadecimal value: UInt64)
    mutating func writeField(_ name: StaticString, _ value: String)
}

extension HTTPResponse {
    /// Whether a response of this status may have a body.
    var hasContent: Bool { status != .noContent && status != .notModified }

    /// Writes what the versions of HTTP have in common of a head, beyond date, content type and length.
    func writeFields(to writer: inout some HTTPFieldWriter) {
        if let allow { writer.writeField("allow", allow) }
        if let entityTag {
            writer.writeField("etag", quotedHexadecimal: entityTag)
            writer.writeField("cache-control", literal: "no-cache")
        }
        if isGzip { writer.writeField("content-encoding", literal: "gzip") }
        if let inferenceHeaderBytes {
            writer.writeField("inference-header-content-length", "\(inferenceHeaderBytes)")
        }
        if varies { writer.writeField("vary", literal: "accept, accept-encoding") }
        if let retryAfterSeconds { writer.writeField("retry-after", "\(retryAfterSeconds)") }
    }
}
