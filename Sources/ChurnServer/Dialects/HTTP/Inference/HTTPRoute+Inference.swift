internal import ChurnBase

extension HTTPRoute {
    /// Whether the path is of the Open Inference Protocol.
    @inline(__always)
    static func isInference(_ path: UnsafeRawBufferPointer) -> Bool {
        path.count >= 3 && isText(UnsafeRawBufferPointer(rebasing: path[..<3]), "/v2")
            && (path.count == 3 || path[3] == UInt8(ascii: "/"))
    }

    /// - Parameter path: `isInference`.
    /// - Returns: the route, and the model as calls have it; empty when the route has none.
    static func findInference(_ path: UnsafeRawBufferPointer) -> (route: HTTPRoute, model: [CChar])? {
        for route in [serverMetadata, serverLive, serverReady, repositoryIndex] where isText(path, route.path) {
            return (route, [])
        }
        let prefix: StaticString = "/v2/models/"
        let length = prefix.utf8CodeUnitCount
        guard path.count > length, isText(UnsafeRawBufferPointer(rebasing: path[..<length]), prefix) else { return nil }
        let parts = path[length...].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { UnsafeRawBufferPointer(rebasing: $0) }
        let hasVersion = parts.count >= 3 && isText(parts[1], "versions")
        let verb = parts.dropFirst(hasVersion ? 3 : 1)
        guard !parts[0].isEmpty, !hasVersion || !parts[2].isEmpty, verb.count <= 1 else { return nil }
        let route: HTTPRoute
        switch verb.first {
        case nil: route = hasVersion ? .versionMetadata : .modelMetadata
        case let verb? where isText(verb, "ready"): route = hasVersion ? .versionReady : .modelReady
        case let verb? where isText(verb, "infer"): route = hasVersion ? .versionInfer : .modelInfer
        default: return nil
        }
        var model = parts[0].map { CChar(bitPattern: $0) }
        if hasVersion { model += [CChar(bitPattern: UInt8(ascii: "@"))] + parts[2].map { CChar(bitPattern: $0) } }
        return (route, model + [0])
    }
}
