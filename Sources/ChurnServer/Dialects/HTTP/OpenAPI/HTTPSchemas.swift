internal import ChurnBase
internal import ChurnCalls

/// The schemas that routes name, as JSON Schema 2020-12 has them.
enum HTTPSchemas {
    private static func object(_ properties: [(String, JSON)], optional: Set<String> = [], isClosed: Bool = false)
        -> JSON
    {
        let required = properties.map(\.0).filter { !optional.contains($0) }
        var fields: [(String, JSON)] = [("type", .string("object")), ("properties", .object(properties))]
        if !required.isEmpty { fields.append(("required", .array(required.map { .string($0) }))) }
        if isClosed { fields.append(("additionalProperties", .bool(false))) }
        return .object(fields)
    }

    private static func type(_ name: String, _ more: [(String, JSON)] = []) -> JSON {
        .object([("type", .string(name))] + more)
    }

    private static func optional(_ name: String) -> JSON {
        .object([("type", .array([.string(name), .string("null")]))])
    }

    private static func array(_ items: JSON, _ more: [(String, JSON)] = []) -> JSON {
        .object([("type", .string("array")), ("items", items)] + more)
    }

    private static func reference(_ name: String) -> JSON {
        .object([("$ref", .string("#/components/schemas/\(name)"))])
    }

    private static let string = type("string")
    private static let number = type("number")
    private static let integer = type("integer")
    private static let boolean = type("boolean")
    private static let probability = type("number", [("minimum", .integer(0)), ("maximum", .integer(1))])
    private static let numbersByName = type("object", [("additionalProperties", number)])
    private static let hash = type("string", [("pattern", .string("^[0-9a-f]{16}$"))])

    /// A whole number of 64 bits; a text where doubles would round it.
    private static let exact = JSON.object([
        (
            "oneOf",
            .array([
                type("integer", [("format", .string("int64"))]),
                type("string", [("pattern", .string("^-?[0-9]{1,19}$"))]),
            ])
        )
    ])

    /// A text, or a number that stands for its own text; one that is not whole fails its row.
    private static let customer = JSON.object([("type", .array([.string("string"), .string("number")]))])

    private static let prediction = [("churn_probability", probability), ("churn_prediction", integer)]
    private static let features = [("Frequency", number), ("Monetary", number), ("AvgOrderValue", number)]
    private static let model = [("name", string), ("version", string), ("schema_id", hash), ("threshold", number)]

    static let all: [(String, JSON)] =
        prototype + [
            ("Model", object(model)),
            (
                "Models",
                object([("models", array(object(model + [("default", boolean), ("features", array(string))])))])
            ),
            (
                "CustomerPrediction",
                object(
                    [
                        ("customer_id", exact), ("customer", string), ("probability", probability),
                        ("log_odds", number), ("churn", boolean),
                        ("segment", optional("string")), ("feature_time", exact), ("features", numbersByName),
                        ("baseline", number), ("contributions", numbersByName), ("model", reference("Model")),
                    ],
                    optional: ["customer_id", "customer", "baseline", "contributions"]
                )
            ),
            (
                "Batch",
                .object([
                    (
                        "oneOf",
                        .array([
                            batch("customer_ids", array(exact, [("minItems", .integer(1)), ("maxItems", rows)])),
                            batch("customers", array(customer, [("minItems", .integer(1)), ("maxItems", rows)])),
                            batch(
                                "features",
                                type("object", [("minProperties", .integer(1)), ("additionalProperties", column)])
                            ),
                        ])
                    )
                ])
            ),
            (
                "BatchPredictions",
                object([
                    ("model", reference("Model")),
                    ("feature_time", .object([("anyOf", .array([exact, type("null")]))])),
                    (
                        "predictions",
                        array(
                            object(
                                [
                                    ("customer_id", exact), ("customer", string), ("probability", optional("number")),
                                    ("churn", optional("boolean")), ("status", string),
                                ],
                                optional: ["customer_id", "customer"]
                            )
                        )
                    ),
                ])
            ),
            ("Health", health),
            (
                "Problem",
                object([("type", string), ("title", string), ("status", integer), ("detail", string)])
            ),
        ] + HTTPInferenceSchemas.all

    private static let rows = JSON.integer(CallLimits.batchRows)

    private static let column = array(number, [("minItems", .integer(1)), ("maxItems", rows)])

    private static func batch(_ name: String, _ schema: JSON) -> JSON {
        object(
            [
                (name, schema), ("model", string), ("timeout_ms", HTTPRoute.timeout),
            ],
            optional: ["model", "timeout_ms"],
            isClosed: true
        )
    }

    private static let prototype: [(String, JSON)] = [
        ("Banner", object([("message", string)])),
        (
            "PrototypeHealth",
            object([("api", string), ("mongo", string), ("model", string), ("documents", integer)])
        ),
        ("Features", object(features)),
        ("CustomerID", object([("customer_id", integer)])),
        ("ChurnPrediction", object(prediction)),
        (
            "ChurnPredictionByID",
            .object([
                (
                    "oneOf",
                    .array([
                        object([
                            ("customer_id", integer), ("features", object(features)),
                            ("prediction", object(prediction)),
                        ]),
                        object([("error", string)]),
                    ])
                )
            ])
        ),
        (
            "ValidationError",
            object([
                (
                    "detail",
                    .object([
                        ("anyOf", .array([array(validationFault), string]))
                    ])
                )
            ])
        ),
        ("Detail", object([("detail", string)])),
    ]

    private static let validationFault = object(
        [
            ("type", string), ("loc", array(.object([("type", .array([.string("string"), .string("integer")]))]))),
            ("msg", string), ("input", .object([])), ("ctx", type("object")),
        ],
        optional: ["ctx"]
    )

    private static let health = object([
        ("state", type("string", [("enum", .array(["SERVING", "DEGRADED", "NOT_SERVING"].map { .string($0) }))])),
        ("reason", string), ("draining", boolean), ("server_version", string), ("uptime_ms", exact),
        ("models", array(object(model + [("features", array(string))]))),
        (
            "features",
            .object([
                (
                    "anyOf",
                    .array([
                        object([("customers", exact), ("generation", exact), ("feature_time", exact)]), type("null"),
                    ])
                )
            ])
        ),
        (
            "store",
            .object([
                (
                    "anyOf",
                    .array([
                        object([("kind", string), ("reachable", boolean), ("checked_ms_ago", exact)]), type("null"),
                    ])
                )
            ])
        ),
    ])
}
