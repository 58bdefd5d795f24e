import ChurnModel
import Foundation
import Testing

/// SplitMix64: small, seeded, the same everywhere.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Magnitudes spread evenly over powers of ten, either sign.
    mutating func wide(_ exponents: ClosedRange<Double>) -> Double {
        let magnitude = pow(10, Double.random(in: exponents, using: &self))
        return Bool.random(using: &self) ? magnitude : -magnitude
    }

    /// Anything a double can be, NaN and infinities included.
    mutating func anyDouble() -> Double { Double(bitPattern: next()) }
}

enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let models = root.appendingPathComponent("models").path

    static func fixture(_ name: String) throws -> Data {
        try Data(contentsOf: root.appendingPathComponent("Tests/Fixtures/\(name)"))
    }
}

/// A folder that is removed when the closure returns.
func withTemporaryDirectory<R>(_ body: (String) throws -> R) throws -> R {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("churn-model-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer {
        do { try FileManager.default.removeItem(at: directory) } catch { Issue.record(error) }
    }
    return try body(directory.path)
}

/// A model with the given weights; names f0, f1, ...
func model(
    coefficients: [Double],
    means: [Double]? = nil,
    scales: [Double]? = nil,
    intercept: Double = 0,
    threshold: Double = 0.5
) throws -> LogisticModel {
    var inputs: [ModelInput] = []
    for (j, coefficient) in coefficients.enumerated() {
        inputs.append(
            ModelInput(feature: "f\(j)", mean: means?[j] ?? 0, scale: scales?[j] ?? 1, coefficient: coefficient)
        )
    }
    return try LogisticModel(name: "test", version: 1, inputs: inputs, intercept: intercept, threshold: threshold)
}

extension Scorer {
    func probabilities(columns: [[Double]], rows: Int) -> [Double] {
        var out = [Double](repeating: .nan, count: rows)
        let flat = columns.flatMap { $0.prefix(rows) }
        flat.withUnsafeBufferPointer { flat in
            guard let base = flat.baseAddress else { return }
            let pointers = columns.indices.map { base + $0 * rows }
            score(columns: pointers, rows: rows, probabilities: &out)
        }
        return out
    }
}

/// Lays an artefact's files out as the writer does, but without waiting for the disk.
@discardableResult
func place(_ artefact: ModelArtefact, in directory: String) throws -> String {
    let folder = "\(directory)/\(artefact.model.name)/\(artefact.model.version)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try place(artefact.json, in: folder)
    return folder
}

/// Writes `model.json` and a checksum that fits.
func place(_ text: [UInt8], in folder: String) throws {
    try Data(text).write(to: URL(fileURLWithPath: "\(folder)/model.json"))
    let sums = ChecksumFile.line(digest: text.withUnsafeBytes { sha256($0) }, file: "model.json")
    try Data(sums.utf8).write(to: URL(fileURLWithPath: "\(folder)/SHA256SUMS"))
}

extension Model {
    /// The model of the one family that there is.
    var logistic: LogisticModel {
        switch self {
        case .logistic(let model): model
        }
    }
}
