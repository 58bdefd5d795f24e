import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// An answer as it came over a socket.
struct HTTPAnswer {
    var status: Int
    /// By their names in small letters.
    var fields: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: Any? { try? JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed) }
}

extension RawPeer {
    /// Sends a request; a body gets its length.
    func sendHTTP(
        _ method: String,
        _ target: String,
        fields: [String: String] = [:],
        body: String? = nil
    ) {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: test\r\n"
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
        send(Array((head + "\r\n" + (body ?? "")).utf8))
    }

    /// Reads one answer; `nil` when the server has closed the connection. Interim answers are passed over.
    ///
    /// - Parameter isHead: the request was a HEAD, so there is no body.
    func receiveHTTP(isHead: Bool = false) throws -> HTTPAnswer? {
        guard let line = try receiveLine() else { return nil }
        let words = line.split(separator: " ", maxSplits: 2)
        let status = try #require(words.count >= 2 ? Int(words[1]) : nil, "no status line: \(line)")
        #expect(words[0] == "HTTP/1.1")
        var fields: [String: String] = [:]
        while true {
            let line = try #require(try receiveLine()).dropLast()
            if line.isEmpty { break }
            let colon = try #require(line.firstIndex(of: ":"))
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            #expect(fields.updateValue(String(value), forKey: line[..<colon].lowercased()) == nil)
        }
        if status == 100 { return try receiveHTTP(isHead: isHead) }
        var body: [UInt8] = []
        if isHead || status == 204 || status == 304 {
            // No body.
        } else if fields["transfer-encoding"] == "chunked" {
            while true {
                let line = try #require(try receiveLine())
                let length = try #require(Int(line.dropLast(), radix: 16), "no chunk: \(line)")
                body += try receive(length)
                let end = try receive(2)
                #expect(end == Array("\r\n".utf8))
                if length == 0 { break }
            }
        } else {
            let length = try #require(fields["content-length"].flatMap { Int($0) })
            body = try receive(length)
        }
        return HTTPAnswer(status: status, fields: fields, body: body)
    }

    /// One request, alone on the connection.
    func http(
        _ method: String,
        _ target: String,
        fields: [String: String] = [:],
        body: String? = nil
    ) throws -> HTTPAnswer {
        sendHTTP(method, target, fields: fields, body: body)
        return try #require(try receiveHTTP(isHead: method == "HEAD"), "the connection was closed")
    }

    func postJSON(_ target: String, _ body: String) throws -> HTTPAnswer {
        try http("POST", target, fields: ["Content-Type": "application/json"], body: body)
    }
}
