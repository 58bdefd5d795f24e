internal import ChurnBase
internal import ChurnCalls

/// What a route takes and gives: the one place from which the OpenAPI document is made.
struct HTTPRouteDescription {
    struct Parameter {
        var name: String
        var isInPath = false
        var summary: String
        var schema: JSON
    }

    /// One status and its content types, each with the name of a schema or `nil` for plain text.
    struct Outcome {
        var status: HTTPStatus
        var summary: String
        var content: [(type: String, schema: String?)] = []
    }

    var operation: String
    var tag: String
    var summary: String
    var parameters: [Parameter] = []
    /// The name of the schema of the body; `nil` for a route without one.
    var body: String?
    var isBodyRequired = true
    var example: JSON?
    var outcomes: [Outcome]
}

extension HTTPRoute {
    private typealias Description = HTTPRouteDescription
    private static let json = "application/json"
    private static let integer = JSON.object([("type", .string("integer"))])

    private static func text(_ values: [String] = []) -> JSON {
        let type = [("type", JSON.string("string"))]
        return .object(values.isEmpty ? type : type + [("enum", .array(values.map { .string($0) }))])
    }

    private static func ok(_ schema: String, _ summary: String) -> Description.Outcome {
        Description.Outcome(status: .ok, summary: summary, content: [(json, schema)])
    }

    private static func problem(_ status: HTTPStatus, _ summary: String) -> Description.Outcome {
        Description.Outcome(status: status, summary: summary, content: [("application/problem+json", "Problem")])
    }

    private static let prototypeFaults = [
        Description.Outcome(
            status: .unprocessable,
            summary: "The body does not fit.",
            content: [(json, "ValidationError")]
        ),
        Description.Outcome(status: .contentTooLarge, summary: "The body is too large.", content: [(json, "Detail")]),
        Description.Outcome(
            status: .unavailable,
            summary: "No features are loaded, or the model seed-logistic is not served.",
            content: [(json, "Detail")]
        ),
    ]

    private static let callFaults = [
        problem(.badRequest, "A parameter or the body is wrong; detail names it."),
        problem(.tooManyRequests, "A limit of the server was reached; try again after Retry-After."),
        problem(.unavailable, "No features are loaded, or the store cannot be read."),
        problem(.gatewayTimeout, "timeout_ms passed."),
    ]

    /// - Precondition: one of `described`.
    var description: HTTPRouteDescription {
        switch self {
        case .banner:
            Description(
                operation: "banner",
                tag: "prototype",
                summary: "Says that the API runs.",
                outcomes: [Self.ok("Banner", "It runs.")]
            )
        case .prototypeHealth:
            Description(
                operation: "prototypeHealth",
                tag: "prototype",
                summary: "What the API stands on. documents: customers with features.",
                outcomes: [Self.ok("PrototypeHealth", "The state.")]
            )
        case .predictChurn:
            Description(
                operation: "predictChurn",
                tag: "prototype",
                summary: "Scores three features with the prototype's model.",
                body: "Features",
                example: .object([
                    ("Frequency", .integer(7)), ("Monetary", .number(4310.5)), ("AvgOrderValue", .number(615.75)),
                ]),
                outcomes: [Self.ok("ChurnPrediction", "The prediction.")] + Self.prototypeFaults
            )
        case .predictChurnByID:
            Description(
                operation: "predictChurnByID",
                tag: "prototype",
                summary: "Scores a customer with the prototype's model. An unknown one is an error with status 200.",
                body: "CustomerID",
                example: .object([("customer_id", .integer(12_347))]),
                outcomes: [Self.ok("ChurnPredictionByID", "The prediction, or the error.")] + Self.prototypeFaults
            )
        case .live, .ready, .health, .models, .openAPI, .docs: probe
        case .customerPrediction: customerPredictionDescription
        case .predictions: predictionsDescription
        case .serverMetadata, .serverLive, .serverReady, .repositoryIndex, .modelMetadata, .modelReady, .modelInfer,
            .versionMetadata, .versionReady, .versionInfer:
            inferenceDescription
        }
    }

    private var probe: HTTPRouteDescription {
        switch self {
        case .live:
            Description(
                operation: "live",
                tag: "health",
                summary: "Whether the process runs.",
                outcomes: [.init(status: .ok, summary: "It runs.", content: [("text/plain", nil)])]
            )
        case .ready:
            Description(
                operation: "ready",
                tag: "health",
                summary: "Whether calls are answered, as Health tells it.",
                outcomes: [
                    .init(status: .ok, summary: "They are.", content: [("text/plain", nil)]),
                    .init(
                        status: .unavailable,
                        summary: "They are not; the text says why.",
                        content: [("text/plain", nil)]
                    ),
                ]
            )
        case .health:
            Description(
                operation: "health",
                tag: "health",
                summary: "The whole report of Health. 200 whatever the state.",
                outcomes: [Self.ok("Health", "The report.")]
            )
        default:
            Description(
                operation: "models",
                tag: "predictions",
                summary: "The models that are served.",
                outcomes: [
                    Self.ok("Models", "The first is the default."),
                    .init(status: .notModified, summary: "As known by If-None-Match."),
                ]
            )
        }
    }

    private var customerPredictionDescription: HTTPRouteDescription {
        Description(
            operation: "predictCustomer",
            tag: "predictions",
            summary: "Scores one customer.",
            parameters: [
                .init(
                    name: "customer",
                    isInPath: true,
                    summary: "The customer's id: a number, or the text that the shop has, in percent-encoding.",
                    schema: .object([
                        ("type", .string("string")), ("minLength", .integer(1)), ("maxLength", .integer(200)),
                        ("example", .string("12347")),
                    ])
                ),
                .init(
                    name: "model",
                    summary: "A model, as name or name@version; else the default.",
                    schema: Self.text()
                ),
                .init(
                    name: "contributions",
                    summary: "Adds what each feature adds to the log-odds.",
                    schema: .object([("type", .string("boolean"))])
                ),
                .init(name: "timeout_ms", summary: "When the caller gives up.", schema: Self.timeout),
            ],
            outcomes: [
                Self.ok("CustomerPrediction", "The prediction."),
                .init(status: .notModified, summary: "As known by If-None-Match."),
                Self.problem(.notFound, "The customer or the model is not known."),
                Self.problem(.internalError, "The customer's stored features contradict themselves."),
            ] + Self.callFaults
        )
    }

    private var predictionsDescription: HTTPRouteDescription {
        Description(
            operation: "predictBatch",
            tag: "predictions",
            summary: "Scores many customers, by their numbers, by their texts or by their features.",
            parameters: [
                .init(
                    name: "format",
                    summary: "What the answer is written as; else by Accept.",
                    schema: Self.text(["json", "ndjson", "csv"])
                )
            ],
            body: "Batch",
            example: .object([("customer_ids", .array([.integer(12_347), .integer(12_348)]))]),
            outcomes: [
                .init(
                    status: .ok,
                    summary: "A row for each customer, in their order.",
                    content: [(Self.json, "BatchPredictions"), ("application/x-ndjson", nil), ("text/csv", nil)]
                ),
                Self.problem(.notFound, "The model is not known."),
                Self.problem(.notAcceptable, "Accept names no format that there is."),
                Self.problem(.contentTooLarge, "The body is too large."),
                Self.problem(.unsupportedMediaType, "The body is not JSON, or packed with something else than gzip."),
            ] + Self.callFaults
        )
    }

    static let timeout = JSON.object([
        ("type", .string("integer")), ("minimum", .integer(1)), ("maximum", .integer(Int64(UInt32.max))),
    ])
}
