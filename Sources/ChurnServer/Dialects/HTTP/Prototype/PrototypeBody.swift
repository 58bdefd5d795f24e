internal import ChurnBase
internal import NIOCore

/// The body of a request of the prototype, and FastAPI's words for one that does not fit.
struct PrototypeBody {
    /// One entry of FastAPI's `detail`.
    struct Fault: Error {
        var fault: PydanticValue.Fault
        /// The field; `nil` for the body as a whole.
        var field: StaticString?
        var input: JSONValue
    }

    /// Why there is no value to look into.
    private enum Unreadable: Error {
        case json(error: String, position: Int)
        case whole(PydanticValue.Fault, JSONValue)
    }

    private let value: JSONValue

    // MARK: Reading

    /// Reads the body, and hands it on; or writes the answer to one that cannot be read.
    ///
    /// - Returns: whether there is an answer.
    static func read(
        _ bytes: UnsafeRawBufferPointer,
        _ fields: HTTPFields,
        refusal output: inout ByteBuffer
    ) -> PrototypeBody? {
        do throws(Unreadable) {
            return PrototypeBody(value: try object(bytes, fields))
        } catch {
            switch error {
            case .json(let message, let position):
                output.writeLiteral("{\"detail\":[{\"type\":\"json_invalid\",\"loc\":[\"body\",")
                output.writeDecimal(Int64(position))
                output.writeLiteral("],\"msg\":\"JSON decode error\",\"input\":{},\"ctx\":{\"error\":")
                output.writeQuoted(message)
                output.writeLiteral("}}]}")
            case .whole(let fault, let input):
                write([Fault(fault: fault, field: nil, input: input)], to: &output)
            }
            return nil
        }
    }

    private static func object(
        _ bytes: UnsafeRawBufferPointer,
        _ fields: HTTPFields
    ) throws(Unreadable) -> JSONValue {
        if bytes.isEmpty { throw .whole(.missing, .null) }
        guard fields.contentType == .json else {
            throw .whole(.noObject, .string(String(decoding: bytes, as: UTF8.self)))
        }
        // Python passes over a byte order mark.
        let mark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let text = UnsafeRawBufferPointer(rebasing: bytes[mark...])
        let value: JSONValue
        do throws(JSONFault) {
            value = try JSONValue(text, depthLimit: HTTPLimits.jsonDepth)
        } catch {
            // Python counts characters.
            let position = text[..<error.offset].count { $0 & 0xC0 != 0x80 }
            throw .json(error: error.message, position: position)
        }
        guard case .object = value else { throw .whole(.noObject, value) }
        return value
    }

    /// A field of the body; `missing` when there is none.
    func field<Value>(
        _ name: StaticString,
        _ read: (JSONValue) throws(PydanticValue.Fault) -> Value
    ) throws(Fault) -> Value {
        guard let found = value["\(name)"] else { throw Fault(fault: .missing, field: name, input: value) }
        do throws(PydanticValue.Fault) {
            return try read(found)
        } catch {
            throw Fault(fault: error, field: name, input: found)
        }
    }

    // MARK: Writing

    static func write(_ faults: [Fault], to output: inout ByteBuffer) {
        output.writeLiteral("{\"detail\":[")
        for (index, fault) in faults.enumerated() {
            output.writeLiteral(index > 0 ? ",{\"type\":\"" : "{\"type\":\"")
            output.writeLiteral(fault.fault.type)
            output.writeLiteral("\",\"loc\":[\"body\"")
            if let field = fault.field {
                output.writeLiteral(",\"")
                output.writeLiteral(field)
                output.writeLiteral("\"")
            }
            output.writeLiteral("],\"msg\":\"")
            output.writeLiteral(fault.fault.message)
            output.writeLiteral("\",\"input\":")
            output.writeJSON(fault.input)
            output.writeLiteral("}")
        }
        output.writeLiteral("]}")
    }
}
