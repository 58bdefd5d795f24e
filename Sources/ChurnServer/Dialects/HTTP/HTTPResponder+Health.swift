internal import ChurnBase
internal import ChurnCalls
internal import ChurnServing
internal import NIOCore

extension HTTPResponder {
    /// Whether calls are answered: 200 or 503, from the same report as every other health check.
    func readiness(on loop: LoopContext) -> HTTPResponse {
        if let reason = loop.unreadyReason {
            body.pointee.writeString(reason + "\n")
            var response = HTTPResponse(.unavailable, .text)
            response.retryAfterSeconds = HTTPStatus.unavailable.retryAfterSeconds
            return response
        }
        body.pointee.writeLiteral("ok\n")
        return HTTPResponse(.ok, .text)
    }

    /// The whole report. It is 200 whatever the state: `/readyz` is for those who want a status.
    func health(on loop: LoopContext) -> HTTPResponse {
        guard let report = loop.healthReport(names: true) else { return HTTPResponse(.internalError) }
        Self.write(report, to: &body.pointee)
        return HTTPResponse(.ok, .json)
    }

    private static func write(_ report: HealthReport, to output: inout ByteBuffer) {
        output.writeLiteral("{\"state\":")
        output.writeQuoted("\(report.state)")
        output.writeLiteral(",\"reason\":")
        output.writeQuoted(report.reason)
        output.writeLiteral(",\"draining\":")
        output.writeBool(report.draining)
        output.writeLiteral(",\"server_version\":")
        output.writeQuoted(report.serverVersion)
        output.writeLiteral(",\"uptime_ms\":")
        output.writeExact(report.uptimeMilliseconds)
        output.writeLiteral(",\"models\":")
        write(report.models, to: &output)
        output.writeLiteral(",\"features\":")
        if let features = report.features {
            output.writeLiteral("{\"customers\":")
            output.writeExact(features.customers)
            output.writeLiteral(",\"generation\":")
            output.writeExact(features.generation)
            output.writeLiteral(",\"feature_time\":")
            output.writeExact(features.featureTime)
            output.writeLiteral("}")
        } else {
            output.writeLiteral("null")
        }
        output.writeLiteral(",\"store\":")
        if let store = report.store {
            output.writeLiteral("{\"kind\":")
            output.writeQuoted(store.kind)
            output.writeLiteral(",\"reachable\":")
            output.writeBool(store.reachable)
            output.writeLiteral(",\"checked_ms_ago\":")
            output.writeExact(store.checkedMillisecondsAgo)
            output.writeLiteral("}")
        } else {
            output.writeLiteral("null")
        }
        output.writeLiteral("}")
    }

    static func write(_ models: [HealthReport.Model], to output: inout ByteBuffer) {
        output.writeLiteral("[")
        for (index, model) in models.enumerated() {
            output.writeLiteral(index > 0 ? ",{\"name\":" : "{\"name\":")
            output.writeQuoted(model.name)
            output.writeLiteral(",\"version\":")
            output.writeQuoted(model.version)
            output.writeLiteral(",\"schema_id\":")
            output.writeQuotedHexadecimal(model.schemaID)
            output.writeLiteral(",\"threshold\":")
            output.writeDouble(model.threshold)
            output.writeLiteral(",\"features\":[")
            for (index, feature) in model.features.enumerated() {
                if index > 0 { output.writeLiteral(",") }
                output.writeQuoted(feature)
            }
            output.writeLiteral("]}")
        }
        output.writeLiteral("]")
    }
}

extension ByteBuffer {
    /// A whole number that no reader of JSON may round: above 2^53 - 1 as a text, since many read numbers as doubles.
    mutating func writeExact(_ value: some BinaryInteger) {
        let limit = (1 << 53) - 1
        guard value >= -limit, value <= limit else { return writeQuoted("\(value)") }
        writeDecimal(Int64(value))
    }
}
