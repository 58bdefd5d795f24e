internal import CChurnProto
internal import CProtobufC
internal import ChurnBase
package import NIOCore

/// The messages of `grpc.health.v1.Health`, by which balancers and probes ask for a server's state.
package enum HealthCheckMessage {
    package enum Status: Sendable {
        case serving, notServing, serviceUnknown
    }

    /// Decodes a request.
    ///
    /// - Returns: the service that it asks for; empty for the server as a whole.
    package static func decode(_ bytes: UnsafeRawBufferPointer, arena: DecodeArena) throws(DecodeError) -> String {
        let message = try arena.unpack(bytes) { grpc__health__v1__health_check_request__unpack($0, $1, $2) }
        guard let service = message.pointee.service else { return "" }
        guard let text = String(validatingCString: service) else { throw .notUTF8(field: "service") }
        return text
    }

    package static func write(_ status: Status, to buffer: inout ByteBuffer) {
        var body = response(status)
        let count = grpc__health__v1__health_check_response__get_packed_size(&body)
        buffer.write(bytes: count) { grpc__health__v1__health_check_response__pack(&body, $0) }
    }

    /// Writes one status for several services.
    package static func writeList(of services: [String], _ status: Status, to buffer: inout ByteBuffer) {
        let scratch = CStringScratch()
        let value = scratch.value(response(status))
        let entries = scratch.array(
            of: UnsafeMutablePointer<Grpc__Health__V1__HealthListResponse__StatusesEntry>?.self,
            count: services.count
        )
        for (index, service) in services.enumerated() {
            var entry = Grpc__Health__V1__HealthListResponse__StatusesEntry()
            grpc__health__v1__health_list_response__statuses_entry__init(&entry)
            entry.key = scratch.copy(service)
            entry.value = value
            entries[index] = scratch.value(entry)
        }
        var body = Grpc__Health__V1__HealthListResponse()
        grpc__health__v1__health_list_response__init(&body)
        body.n_statuses = services.count
        body.statuses = entries
        let count = grpc__health__v1__health_list_response__get_packed_size(&body)
        buffer.write(bytes: count) { grpc__health__v1__health_list_response__pack(&body, $0) }
        withExtendedLifetime(scratch) {}
    }

    private static func response(_ status: Status) -> Grpc__Health__V1__HealthCheckResponse {
        var body = Grpc__Health__V1__HealthCheckResponse()
        grpc__health__v1__health_check_response__init(&body)
        body.status =
            switch status {
            case .serving: GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
            case .notServing: GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
            case .serviceUnknown: GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN
            }
        return body
    }
}
