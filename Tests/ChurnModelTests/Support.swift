import ChurnBase
import ChurnModel
import Foundation
import TestSupport
import Testing

extension SplitMix64 {
    /// Magnitudes spread evenly over powers of ten, either sign.
    mutating func wide(_ exponents: ClosedRange<Double>) -> Double {
        let magnitude = pow(10, Double.random(in: exponents, using: &self))
        return Bool.random(using: &self) ? magnitude : -magnitude
    }

    /// Anything a double can be, NaN and infinities included.
    mutating func anyDouble() -> Double { Double(bitPattern: next()) }
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
