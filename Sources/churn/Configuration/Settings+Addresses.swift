internal import ChurnProtocol
internal import ChurnServer

/// An address to listen on, as somebody wrote it.
struct ListenAddress {
    var host: String
    var port: Int
    /// `nil`: every dialect, told by the first byte.
    var scheme: EndpointScheme?

    var endpoint: Endpoint { Endpoint(host: host, port: port, dialect: scheme?.dialect ?? .all) }

    static let schemesText = EndpointScheme.allCases.map { $0.rawValue + "://" }.joined(separator: ", ")
}

/// Addresses. Host and port are settings of their own, each resolved for itself: `--port` may join a host of the
/// environment. Where one place gives a whole address and a part of it as well, the whole one counts.
extension Settings {
    /// What one of the places that settings come from says of an address.
    private struct Place {
        var whole: SettingValue?
        var host: SettingValue?
        var port: SettingValue?
    }

    /// Where the server is that is called.
    func address(
        _ whole: Setting,
        flag: String?,
        hostFlag: String?,
        portFlag: String?
    ) throws(Failure) -> (host: String, port: Int) {
        let places = places(whole, flags: flag.map { [$0] } ?? [], hostFlag, portFlag)
        return try Self.join(places) { value throws(Failure) in try Self.address(value, value.text) }
    }

    /// Where a server listens: at one address or more, each once.
    func listen(flags: [String], hostFlag: String?, portFlag: String?) throws(Failure) -> [ListenAddress] {
        let places = places(.listen, flags: flags, hostFlag, portFlag)
        let first = places.firstIndex { $0.whole != nil } ?? places.endIndex
        guard first < places.endIndex, let list = places[first].whole, list.texts.count > 1 else {
            let address = try Self.join(places) { value throws(Failure) in
                let (_, rest) = try Self.scheme(value)
                return try Self.address(value, rest)
            }
            let whole = first < places.endIndex ? places[first].whole : nil
            let scheme = try whole.map { value throws(Failure) in try Self.scheme(value).scheme } ?? nil
            return [ListenAddress(host: address.host, port: address.port, scheme: scheme)]
        }
        if let part = places[..<first].compactMap({ $0.host ?? $0.port }).first {
            throw Failure(
                part.source.status,
                "\(part.source.description): \(list.source.description) has several addresses; write the host and the "
                    + "port into each"
            )
        }
        var addresses: [ListenAddress] = []
        for (index, text) in list.texts.enumerated() {
            let value = SettingValue(texts: [text], source: list.source)
            let (scheme, rest) = try Self.scheme(value)
            let (host, port) = try Self.address(value, rest)
            if port != 0, let twin = addresses.firstIndex(where: { $0.host == host && $0.port == port }) {
                throw Failure(
                    value.source.status,
                    "\(value.source.description): '\(list.texts[index])' and '\(list.texts[twin])' are one address; give "
                        + "each once, without a scheme for every dialect"
                )
            }
            addresses.append(ListenAddress(host: host, port: port, scheme: scheme))
        }
        return addresses
    }

    private func places(_ whole: Setting, flags: [String], _ hostFlag: String?, _ portFlag: String?) -> [Place] {
        func written(_ setting: Setting, _ flags: [String]) -> SettingValue? {
            flags.isEmpty ? nil : SettingValue(texts: flags, source: .flag(setting.flag))
        }
        return [
            Place(
                whole: written(whole, flags),
                host: written(.host, hostFlag.map { [$0] } ?? []),
                port: written(.port, portFlag.map { [$0] } ?? [])
            ),
            Place(whole: fromEnvironment(whole), host: fromEnvironment(.host), port: fromEnvironment(.port)),
            Place(whole: file[whole], host: file[.host], port: file[.port]),
        ]
    }

    private static func join(
        _ places: [Place],
        _ parse: (SettingValue) throws(Failure) -> (host: String, port: Int)
    ) throws(Failure) -> (host: String, port: Int) {
        var host: String?
        var port: Int?
        for place in places {
            if let value = place.whole {
                let address = try parse(value)
                host = host ?? address.host
                port = port ?? address.port
            }
            if let value = place.host {
                guard !value.text.isEmpty else { throw value.failure("a host") }
                host = host ?? value.text
            }
            if let value = place.port {
                let number = try Self.port(value)
                port = port ?? number
            }
        }
        return (host ?? ServiceAddress.defaultHost, port ?? ServiceAddress.defaultPort)
    }

    // MARK: Parsing

    /// - Returns: the scheme of a value, if it has one, and what follows it.
    private static func scheme(_ value: SettingValue) throws(Failure) -> (scheme: EndpointScheme?, rest: String) {
        guard let mark = value.text.firstRange(of: "://") else { return (nil, value.text) }
        guard let scheme = EndpointScheme(rawValue: value.text[..<mark.lowerBound].lowercased()) else {
            throw value.failure(
                "an address with a known scheme; known are \(ListenAddress.schemesText), and none for every dialect"
            )
        }
        return (scheme, String(value.text[mark.upperBound...]))
    }

    private static func port(_ value: SettingValue) throws(Failure) -> Int {
        guard let port = Int(value.text), (0...65_535).contains(port) else {
            throw value.failure("a port, 0 to 65535")
        }
        return port
    }

    /// `HOST:PORT`, an IPv6 address in brackets.
    private static func address(_ value: SettingValue, _ text: String) throws(Failure) -> (host: String, port: Int) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, let last = parts.last, let port = Int(last), (0...65_535).contains(port) else {
            throw value.failure("an address such as \(ServiceAddress.defaultText)")
        }
        var host = String(text.dropLast(last.count + 1))
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw value.failure(
                "an address such as [::1]:\(ServiceAddress.defaultPort), with an IPv6 address in brackets"
            )
        }
        guard !host.isEmpty else { throw value.failure("an address such as \(ServiceAddress.defaultText)") }
        return (host, port)
    }
}
