internal import ChurnBase
internal import ChurnCalls

/// The routes of the Open Inference Protocol in the OpenAPI document.
extension HTTPRoute {
    private typealias Outcome = HTTPRouteDescription.Outcome

    private static func json(_ status: HTTPStatus, _ schema: String, _ summary: String) -> Outcome {
        Outcome(status: status, summary: summary, content: [("application/json", schema)])
    }

    private static func fault(_ status: HTTPStatus, _ summary: String) -> Outcome {
        json(status, "InferenceError", summary)
    }

    private static func parameter(_ name: String, _ summary: String, example: String) -> HTTPRouteDescription.Parameter
    {
        HTTPRouteDescription.Parameter(
            name: name,
            isInPath: true,
            summary: summary,
            schema: .object([("type", .string("string")), ("minLength", .integer(1)), ("example", .string(example))])
        )
    }

    private var hasVersion: Bool { self == .versionMetadata || self == .versionReady || self == .versionInfer }

    private var modelParameters: [HTTPRouteDescription.Parameter] {
        let name = Self.parameter("model_name", "The model.", example: "seed-logistic")
        return hasVersion ? [name, Self.parameter("model_version", "Its version.", example: "1")] : [name]
    }

    private static let modelFaults = [
        fault(.badRequest, "The model's name is no text."), fault(.notFound, "The model is not known."),
    ]

    /// - Precondition: a route of the Open Inference Protocol.
    var inferenceDescription: HTTPRouteDescription {
        switch self {
        case .serverMetadata:
            HTTPRouteDescription(
                operation: "serverMetadata",
                tag: "inference",
                summary: "What the server is, and what it has of the protocol.",
                outcomes: [Self.json(.ok, "InferenceServer", "The server.")]
            )
        case .serverLive:
            HTTPRouteDescription(
                operation: "serverLive",
                tag: "inference",
                summary: "Whether the process runs.",
                outcomes: [Self.json(.ok, "InferenceLive", "It runs.")]
            )
        case .serverReady:
            HTTPRouteDescription(
                operation: "serverReady",
                tag: "inference",
                summary: "Whether requests are answered.",
                outcomes: [
                    Self.json(.ok, "InferenceReady", "They are."),
                    Self.fault(.unavailable, "They are not; error gives the reason."),
                ]
            )
        case .repositoryIndex:
            HTTPRouteDescription(
                operation: "repositoryIndex",
                tag: "inference",
                summary: "The models that are served.",
                body: "InferenceIndexRequest",
                isBodyRequired: false,
                outcomes: [
                    Self.json(.ok, "InferenceIndex", "The models."),
                    Self.fault(.badRequest, "The body is wrong; error names what."),
                    Self.fault(.contentTooLarge, "The body is too large."),
                    Self.fault(.unsupportedMediaType, "The body is packed with something else than gzip."),
                ]
            )
        case .modelReady, .versionReady:
            HTTPRouteDescription(
                operation: hasVersion ? "versionReady" : "modelReady",
                tag: "inference",
                summary: "Whether requests for the model are answered.",
                parameters: modelParameters,
                outcomes: [
                    Self.json(.ok, "InferenceModelReady", "They are."),
                    Self.fault(.unavailable, "They are not; error gives the reason."),
                ] + Self.modelFaults
            )
        case .modelMetadata, .versionMetadata:
            HTTPRouteDescription(
                operation: hasVersion ? "versionMetadata" : "modelMetadata",
                tag: "inference",
                summary: "The inputs and outputs of the model.",
                parameters: modelParameters,
                outcomes: [Self.json(.ok, "InferenceModel", "The model.")] + Self.modelFaults
            )
        default: inferDescription
        }
    }

    private var inferDescription: HTTPRouteDescription {
        HTTPRouteDescription(
            operation: hasVersion ? "versionInfer" : "modelInfer",
            tag: "inference",
            summary:
                "Scores customers by their ids or by their features. Inputs with a binary_data_size stand behind the "
                + "JSON, whose length is then in the field Inference-Header-Content-Length; so do outputs that are wanted "
                + "in binary.",
            parameters: modelParameters,
            body: "InferenceRequest",
            example: .object([
                (
                    "inputs",
                    .array([
                        .object([
                            ("name", .string(InferenceMetadata.customerID)), ("datatype", .string("INT64")),
                            ("shape", .array([.integer(2)])),
                            ("data", .array([.integer(12_347), .integer(12_348)])),
                        ])
                    ])
                )
            ]),
            outcomes: [
                Outcome(
                    status: .ok,
                    summary: "The outputs. A customer that is not known has a status of its own.",
                    content: [("application/json", "InferenceResponse"), ("application/octet-stream", nil)]
                ),
                Self.fault(.badRequest, "The request is wrong; error names what."),
                Self.fault(.notFound, "The model is not known."),
                Self.fault(.conflict, "The features of this model are not at hand."),
                Self.fault(.contentTooLarge, "The body is too large."),
                Self.fault(.unsupportedMediaType, "The body is packed with something else than gzip."),
                Self.fault(.tooManyRequests, "A limit of the server was reached; try again after Retry-After."),
                Self.fault(.unavailable, "No features are loaded, or the store cannot be read."),
                Self.fault(.gatewayTimeout, "The parameter timeout passed."),
            ]
        )
    }
}

/// The schemas of the Open Inference Protocol, as JSON Schema 2020-12 has them.
enum HTTPInferenceSchemas {
    private static func object(_ properties: [(String, JSON)], optional: Set<String> = []) -> JSON {
        let required = properties.map(\.0).filter { !optional.contains($0) }
        var fields: [(String, JSON)] = [("type", .string("object")), ("properties", .object(properties))]
        if !required.isEmpty { fields.append(("required", .array(required.map { .string($0) }))) }
        return .object(fields)
    }

    private static func type(_ name: String, _ more: [(String, JSON)] = []) -> JSON {
        .object([("type", .string(name))] + more)
    }

    private static func array(_ items: JSON, _ more: [(String, JSON)] = []) -> JSON {
        type("array", [("items", items)] + more)
    }

    private static func text(_ values: [String]) -> JSON {
        type("string", [("enum", .array(values.map { .string($0) }))])
    }

    private static let string = type("string")
    private static let boolean = type("boolean")
    private static let count = type("integer", [("minimum", .integer(0))])
    private static let anything = JSON.object([])
    private static let tensors = array(
        object([("name", string), ("datatype", string), ("shape", array(type("integer")))])
    )
    private static let texts = type("object", [("additionalProperties", string)])
    private static let outputNames = text(InferenceOutputName.allCases.map(\.rawValue))

    static let all: [(String, JSON)] = [
        ("InferenceError", object([("error", string)])),
        ("InferenceLive", object([("live", boolean)])),
        ("InferenceReady", object([("ready", boolean)])),
        ("InferenceModelReady", object([("name", string), ("ready", boolean)])),
        ("InferenceServer", object([("name", string), ("version", string), ("extensions", array(string))])),
        (
            "InferenceModel",
            object([
                ("name", string), ("versions", array(string)), ("platform", string), ("inputs", tensors),
                ("outputs", tensors), ("properties", texts),
            ])
        ),
        ("InferenceIndexRequest", object([("ready", boolean)], optional: ["ready"])),
        (
            "InferenceIndex",
            array(object([("name", string), ("version", string), ("state", string), ("reason", string)]))
        ),
        (
            "InferenceRequest",
            object(
                [
                    ("id", type("string", [("maxLength", .integer(InferenceMetadata.idCharacters))])),
                    (
                        "parameters",
                        object(
                            [("timeout", count), ("binary_data_output", boolean)],
                            optional: ["timeout", "binary_data_output"]
                        )
                    ),
                    (
                        "inputs",
                        array(input, [("minItems", .integer(1)), ("maxItems", .integer(CallLimits.batchColumns))])
                    ),
                    ("outputs", array(output)),
                ],
                optional: ["id", "parameters", "outputs"]
            )
        ),
        (
            "InferenceResponse",
            object(
                [
                    ("model_name", string), ("model_version", string), ("id", string),
                    (
                        "outputs",
                        array(
                            object([
                                ("name", outputNames), ("datatype", string), ("shape", array(count)),
                                ("data", array(anything)),
                            ])
                        )
                    ),
                ],
                optional: ["id"]
            )
        ),
    ]

    private static let input = object(
        [
            ("name", string), ("datatype", text(["INT64", "BYTES", "FP64", "FP32"])),
            (
                "shape",
                array(count, [("minItems", .integer(1)), ("maxItems", .integer(2))])
            ),
            ("data", array(anything)),
            ("parameters", object([("binary_data_size", count)], optional: ["binary_data_size"])),
        ],
        optional: ["data", "parameters"]
    )

    private static let output = object(
        [
            ("name", outputNames),
            ("parameters", object([("binary_data", boolean)], optional: ["binary_data"])),
        ],
        optional: ["parameters"]
    )
}
