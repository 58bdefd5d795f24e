internal import ChurnBase
internal import ChurnCalls

/// The description of all routes as OpenAPI 3.1, made from `HTTPRoute.description`. docs/openapi.json is the same bytes.
package enum OpenAPIDocument {
    package static let bytes = json.document

    private static var json: JSON {
        .object([
            ("openapi", .string("3.1.0")),
            (
                "info",
                .object([
                    ("title", .string("Customer Churn Prediction API")), ("version", .string(ChurnVersion.current)),
                    (
                        "description",
                        .string(
                            "Probabilities that customers leave, by id from the shop's history or by features of the "
                                + "caller's. The routes tagged prototype answer as the service that this one replaces."
                        )
                    ),
                ])
            ),
            ("servers", .array([.row([("url", .string("/"))])])),
            (
                "tags",
                .array(["predictions", "health", "prototype", "inference"].map { .row([("name", .string($0))]) })
            ),
            ("paths", .object(HTTPRoute.described.map { ("\($0.path)", .object([(method($0), operation($0))])) })),
            ("components", .object([("schemas", .object(HTTPSchemas.all))])),
        ])
    }

    private static func method(_ route: HTTPRoute) -> String { route.method.name.lowercased() }

    private static func operation(_ route: HTTPRoute) -> JSON {
        let description = route.description
        var fields: [(String, JSON)] = [
            ("operationId", .string(description.operation)), ("tags", .array([.string(description.tag)])),
            ("summary", .string(description.summary)),
        ]
        if !description.parameters.isEmpty {
            fields.append(("parameters", .array(description.parameters.map(parameter))))
        }
        if let body = description.body {
            var content: [(String, JSON)] = [("schema", reference(body))]
            if let example = description.example { content.append(("example", example)) }
            fields.append(
                (
                    "requestBody",
                    .object([
                        ("required", .bool(description.isBodyRequired)),
                        ("content", .object([("application/json", .object(content))])),
                    ])
                )
            )
        }
        fields.append(
            ("responses", .object(description.outcomes.map { ("\($0.status.rawValue)", outcome($0)) }))
        )
        return .object(fields)
    }

    private static func parameter(_ parameter: HTTPRouteDescription.Parameter) -> JSON {
        .object([
            ("name", .string(parameter.name)), ("in", .string(parameter.isInPath ? "path" : "query")),
            ("required", .bool(parameter.isInPath)), ("description", .string(parameter.summary)),
            ("schema", parameter.schema),
        ])
    }

    private static func outcome(_ outcome: HTTPRouteDescription.Outcome) -> JSON {
        var fields: [(String, JSON)] = [("description", .string(outcome.summary))]
        if !outcome.content.isEmpty {
            let content = outcome.content.map { type, schema in
                (type, JSON.object([("schema", schema.map(reference) ?? .row([("type", .string("string"))]))]))
            }
            fields.append(("content", .object(content)))
        }
        return .object(fields)
    }

    private static func reference(_ name: String) -> JSON {
        .row([("$ref", .string("#/components/schemas/\(name)"))])
    }
}
