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

    private func write(_ cors: CORSFields, _ origin: String, to writer: inout some HTTPFieldWriter) {
        writer.writeField("access-control-allow-origin", origin)
        if cors.isPreflight {
            if let allow { writer.writeField("access-control-allow-methods", allow) }
            writer.writeField(
                "access-control-allow-headers",
                literal: "accept, content-encoding, content-type, if-none-match, inference-header-content-length"
            )
            // Browsers remember it no longer than two hours.
            writer.writeField("access-control-max-age", literal: "7200")
        } else {
            writer.writeField(
                "access-control-expose-headers",
                literal: "etag, inference-header-content-length, retry-after"
            )
        }
    }

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
        switch (varies, cors?.varies ?? false) {
        case (true, true): writer.writeField("vary", literal: "accept, accept-encoding, origin")
        case (true, false): writer.writeField("vary", literal: "accept, accept-encoding")
        case (false, true): writer.writeField("vary", literal: "origin")
        case (false, false): break
        }
        if let cors, let origin = cors.allowedOrigin { write(cors, origin, to: &writer) }
        if let retryAfterSeconds { writer.writeField("retry-after", "\(retryAfterSeconds)") }
    }
}
