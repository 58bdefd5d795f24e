internal import ChurnBase
internal import ChurnCalls
internal import ChurnFeatures
internal import ChurnServing
internal import NIOCore

/// Entity tags, by which a caller learns that it has an answer already. A tag stands for all that an answer is made from: the
/// program, the feature build, the model and the request. So it is known before the answer is, and a caller that has the
/// answer is told so without another prediction.
extension HTTPResponder {
    static let openAPITag = OpenAPIDocument.bytes.withUnsafeBytes { hash($0) }
    static let docsTag = Array(DocsPage.html.utf8).withUnsafeBytes { hash($0) }

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = StableHash()
        hash.combine(bytes)
        return hash.value
    }

    /// Another version may write answers in another way.
    private static let program = {
        var hash = StableHash()
        hash.combine(text: ChurnVersion.current)
        return hash
    }()

    /// The tag of a customer's prediction; `nil` when it is not known beforehand: without such a model, and with features that
    /// stay in the store, since one that was read before may be of an older build.
    ///
    /// - Parameter selector: the model's, as calls have it.
    func entityTag(
        of arguments: PredictByIDArguments,
        by selector: UnsafePointer<CChar>,
        _ snapshot: ServingSnapshot
    ) -> UInt64? {
        guard snapshot.resident != nil, let build = snapshot.build,
            let served = try? snapshot.models.model(selector), snapshot.answers(by: served)
        else { return nil }
        var hash = Self.program
        hash.combine(build.identity)
        hash.combine(served.contentHash)
        switch arguments.customer {
        case .number(let number), .numberAndText(let number, _): hash.combine(number)
        case .text(let text):
            // Their answers differ from those of numbers, and a text is no number.
            hash.combine(byte: 1)
            hash.combine(UnsafeRawBufferPointer(HardBlanks.trimmed(text)))
        }
        hash.combine(byte: arguments.contributions ? 1 : 0)
        return hash.value
    }

    func entityTag(of models: ModelSet) -> UInt64 {
        var hash = Self.program
        for served in models.models { hash.combine(served.contentHash) }
        return hash.value
    }

    /// Whether the customer has features.
    func isKnown(_ customer: CustomerName, on loop: LoopContext) -> Bool {
        guard let resident = loop.snapshot.resident,
            let found = try? customer.resolved(loop.services.configuration.customerHash)
        else { return false }
        return resident.table.row(of: found.id) != nil
    }

    /// Answers a caller that has the answer already; `nil` when it has not.
    func notModified(_ tag: UInt64, _ request: HTTPRequest) -> HTTPResponse? {
        let known = request.fields.ifNoneMatch
        guard !known.isEmpty, Self.contains(known, "\"\(hexadecimal(tag))\"") else { return nil }
        body.pointee.clear()
        return tagged(HTTPResponse(.notModified), tag)
    }

    func tagged(_ response: HTTPResponse, _ tag: UInt64) -> HTTPResponse {
        var response = response
        response.entityTag = tag
        return response
    }

    /// Adds the hash of the body as its tag, or answers that the caller has this body already.
    func tagged(_ response: HTTPResponse, _ request: HTTPRequest) -> HTTPResponse {
        let tag = body.pointee.withUnsafeReadableBytes { Self.hash($0) }
        return notModified(tag, request) ?? tagged(response, tag)
    }

    /// Whether a list of entity tags has this one, weak or not; an asterisk stands for all.
    private static func contains(_ list: [UInt8], _ tag: String) -> Bool {
        list.split(separator: UInt8(ascii: ",")).contains { element in
            var text = element.drop { $0 == 0x20 || $0 == 0x09 }
            while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
            if text.starts(with: "W/".utf8) { text = text.dropFirst(2) }
            return text.elementsEqual("*".utf8) || text.elementsEqual(tag.utf8)
        }
    }
}
