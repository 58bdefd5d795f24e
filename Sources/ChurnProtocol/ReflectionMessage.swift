internal import CChurnProto
internal import CProtobufC
internal import ChurnBase
internal import ChurnCalls
package import NIOCore

/// The messages of server reflection, v1 and v1alpha, and the answers to them: from the descriptors of `proto/`, which are
/// part of the program.
package enum ReflectionMessage {
    /// Answers one request.
    ///
    /// - Parameters:
    ///   - bytes: not kept.
    ///   - services: full names of those that the server has.
    package static func answer(
        _ bytes: UnsafeRawBufferPointer,
        services: [String],
        arena: DecodeArena,
        to buffer: inout ByteBuffer
    ) throws(DecodeError) {
        let request = try arena.unpack(bytes) { grpc__reflection__v1__server_reflection_request__unpack($0, $1, $2) }
        try checkTexts(of: request.pointee)
        let scratch = CStringScratch()
        var response = Grpc__Reflection__V1__ServerReflectionResponse()
        grpc__reflection__v1__server_reflection_response__init(&response)
        response.valid_host = request.pointee.host
        response.original_request = request
        fill(&response, for: request.pointee, services, scratch)
        let count = grpc__reflection__v1__server_reflection_response__get_packed_size(&response)
        buffer.write(bytes: count) { grpc__reflection__v1__server_reflection_response__pack(&response, $0) }
        withExtendedLifetime(scratch) {}
    }

    /// A response repeats its request: texts that are not UTF-8 would make it a message that nobody can read.
    private static func checkTexts(of request: Grpc__Reflection__V1__ServerReflectionRequest) throws(DecodeError) {
        var texts = [request.host]
        switch request.message_request_case {
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST__NOT_SET: break
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
            texts.append(request.file_containing_extension?.pointee.containing_type)
        default: texts.append(request.file_by_filename)
        }
        for case let text? in texts where String(validatingCString: text) == nil {
            throw .notUTF8(field: "host or name")
        }
    }

    private static func fill(
        _ response: inout Grpc__Reflection__V1__ServerReflectionResponse,
        for request: Grpc__Reflection__V1__ServerReflectionRequest,
        _ services: [String],
        _ scratch: CStringScratch
    ) {
        switch request.message_request_case {
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
            let file = Descriptors.file(named: request.file_by_filename)
            setFile(file, in: &response, else: "there is no such file", scratch)
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
            let file = Descriptors.file(declaring: request.file_containing_symbol)
            setFile(file, in: &response, else: "there is no such symbol", scratch)
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION,
            GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
            setError(.notFound, "nothing here has extensions", in: &response, scratch)
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
            setServices(services, in: &response, scratch)
        default:
            setError(.invalidArgument, "the request asks for nothing that the server knows", in: &response, scratch)
        }
    }

    private static func setServices(
        _ services: [String],
        in response: inout Grpc__Reflection__V1__ServerReflectionResponse,
        _ scratch: CStringScratch
    ) {
        let entries = scratch.array(
            of: UnsafeMutablePointer<Grpc__Reflection__V1__ServiceResponse>?.self,
            count: services.count
        )
        for (index, service) in services.enumerated() {
            var entry = Grpc__Reflection__V1__ServiceResponse()
            grpc__reflection__v1__service_response__init(&entry)
            entry.name = scratch.copy(service)
            entries[index] = scratch.value(entry)
        }
        var list = Grpc__Reflection__V1__ListServiceResponse()
        grpc__reflection__v1__list_service_response__init(&list)
        list.n_service = services.count
        list.service = entries
        response.message_response_case =
            GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE
        response.list_services_response = scratch.value(list)
    }

    private static func setFile(
        _ file: CInt?,
        in response: inout Grpc__Reflection__V1__ServerReflectionResponse,
        else problem: String,
        _ scratch: CStringScratch
    ) {
        guard let file else { return setError(.notFound, problem, in: &response, scratch) }
        let files = Descriptors.withImports(file)
        let entries = scratch.array(of: ProtobufCBinaryData.self, count: files.count)
        for (index, file) in files.enumerated() {
            let descriptor = cchurnproto_file(file).pointee
            // protobuf-c does not write through the pointers of a message it packs.
            entries[index] = ProtobufCBinaryData(
                len: descriptor.count,
                data: UnsafeMutablePointer(mutating: descriptor.bytes)
            )
        }
        var body = Grpc__Reflection__V1__FileDescriptorResponse()
        grpc__reflection__v1__file_descriptor_response__init(&body)
        body.n_file_descriptor_proto = files.count
        body.file_descriptor_proto = entries
        response.message_response_case =
            GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE
        response.file_descriptor_response = scratch.value(body)
    }

    private static func setError(
        _ code: StatusCode,
        _ message: String,
        in response: inout Grpc__Reflection__V1__ServerReflectionResponse,
        _ scratch: CStringScratch
    ) {
        var error = Grpc__Reflection__V1__ErrorResponse()
        grpc__reflection__v1__error_response__init(&error)
        error.error_code = Int32(code.rawValue)
        error.error_message = scratch.copy(message)
        response.message_response_case =
            GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE
        response.error_response = scratch.value(error)
    }
}

/// The tables that scripts/generate-proto makes of `proto/`.
private enum Descriptors {
    static func file(named name: UnsafePointer<CChar>) -> CInt? {
        (0..<cchurnproto_file_count).first { strcmp(cchurnproto_file($0).pointee.name, name) == 0 }
    }

    static func file(declaring symbol: UnsafePointer<CChar>) -> CInt? {
        let found = (0..<cchurnproto_symbol_count).first { strcmp(cchurnproto_symbol($0).pointee.name, symbol) == 0 }
        return found.map { cchurnproto_symbol($0).pointee.file }
    }

    /// The file, and then all that it imports, each once.
    static func withImports(_ file: CInt) -> [CInt] {
        var files = [file]
        var next = 0
        while next < files.count {
            guard var imported = cchurnproto_file(files[next]).pointee.imports else { break }
            while imported.pointee >= 0 {
                if !files.contains(imported.pointee) { files.append(imported.pointee) }
                imported += 1
            }
            next += 1
        }
        return files
    }
}
