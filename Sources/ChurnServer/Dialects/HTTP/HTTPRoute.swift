internal import ChurnBase

/// Where requests go. `HTTPRoutes` describes each of them.
package enum HTTPRoute: UInt8, CaseIterable, Sendable {
    // Those of the prototype.
    case banner, prototypeHealth, predictChurn, predictChurnByID
    // For orchestrators.
    case live, ready
    // Version 1.
    case health, models, customerPrediction, predictions
    // About the others, and in no description.
    case openAPI, docs
    // The Open Inference Protocol.
    case serverMetadata, serverLive, serverReady, repositoryIndex
    case modelMetadata, modelReady, modelInfer, versionMetadata, versionReady, versionInfer

    /// Those that the OpenAPI document describes.
    static var described: [HTTPRoute] { allCases.filter { $0 != .openAPI && $0 != .docs } }

    package var isPrototype: Bool { rawValue <= HTTPRoute.predictChurnByID.rawValue }

    /// The path; `{customer}` stands for one part of it.
    var path: StaticString {
        switch self {
        case .banner: "/"
        case .prototypeHealth: "/health"
        case .predictChurn: "/predict_churn"
        case .predictChurnByID: "/predict_churn_by_id"
        case .live: "/livez"
        case .ready: "/readyz"
        case .health: "/v1/health"
        case .models: "/v1/models"
        case .customerPrediction: "/v1/customers/{customer}/prediction"
        case .predictions: "/v1/predictions"
        case .openAPI: "/openapi.json"
        case .docs: "/docs"
        case .serverMetadata: "/v2"
        case .serverLive: "/v2/health/live"
        case .serverReady: "/v2/health/ready"
        case .repositoryIndex: "/v2/repository/index"
        case .modelMetadata: "/v2/models/{model_name}"
        case .modelReady: "/v2/models/{model_name}/ready"
        case .modelInfer: "/v2/models/{model_name}/infer"
        case .versionMetadata: "/v2/models/{model_name}/versions/{model_version}"
        case .versionReady: "/v2/models/{model_name}/versions/{model_version}/ready"
        case .versionInfer: "/v2/models/{model_name}/versions/{model_version}/infer"
        }
    }

    var method: HTTPMethod {
        switch self {
        case .predictChurn, .predictChurnByID, .predictions, .repositoryIndex, .modelInfer, .versionInfer: .post
        default: .get
        }
    }

    /// Whether its body may be large, and its answer come in pieces.
    var isBatch: Bool { self == .predictions || self == .modelInfer || self == .versionInfer }

    /// Largest body of a request.
    var bodyLimit: Int { isBatch ? HTTPLimits.bodyBytes : HTTPLimits.smallBodyBytes }

    /// The methods that a route answers, as the field Allow has them.
    var allow: String {
        if isPrototype { return method.name }
        return method == .get ? "GET, HEAD, OPTIONS" : "\(method.name), OPTIONS"
    }

    // MARK: Finding a route

    /// - Parameter path: without the query.
    /// - Returns: the route, and what stands in the place of its parameter; `nil` when there is none.
    static func find(_ path: UnsafeRawBufferPointer) -> (route: HTTPRoute, parameter: UnsafeRawBufferPointer)? {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        // The longest prefix first: it is where most requests go.
        if let customer = customer(in: path) { return (.customerPrediction, customer) }
        for route in allCases where isText(path, route.path) { return (route, none) }
        return nil
    }

    private static func customer(in path: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let (prefix, suffix): (StaticString, StaticString) = ("/v1/customers/", "/prediction")
        let length = path.count - prefix.utf8CodeUnitCount - suffix.utf8CodeUnitCount
        guard length > 0, isText(UnsafeRawBufferPointer(rebasing: path.prefix(prefix.utf8CodeUnitCount)), prefix),
            isText(UnsafeRawBufferPointer(rebasing: path.suffix(suffix.utf8CodeUnitCount)), suffix)
        else { return nil }
        let part = UnsafeRawBufferPointer(rebasing: path.dropFirst(prefix.utf8CodeUnitCount).prefix(length))
        return part.contains(UInt8(ascii: "/")) ? nil : part
    }
}
