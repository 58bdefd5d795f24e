internal import Foundation

/// Frames made by Google's protobuf runtime (Tests/Peers/python/golden_frames.py), each with its 4-byte length.
package enum GoldenFrames {
    package static let requests = [
        "request_predict_by_id", "request_predict_batch_ids", "request_predict_batch_columns", "request_health",
        "request_predict_by_text", "request_predict_batch_texts",
    ]
    package static let responses = [
        "response_predict_by_id", "response_predict_batch", "response_health", "response_status", "response_notice",
        "response_predict_by_text",
    ]

    /// The whole frame.
    package static func frame(_ name: String) throws -> [UInt8] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/golden/\(name).bin")
        return Array(try Data(contentsOf: file))
    }

    /// The frame without its length.
    package static func payload(_ name: String) throws -> [UInt8] {
        Array(try frame(name).dropFirst(4))
    }
}
