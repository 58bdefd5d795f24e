/// What a model artefact may be at most. All are checked before anything is built from the artefact.
package enum ModelLimits {
    /// Inputs of one model.
    package static let inputs = 256
    /// Bytes of a `model.json`.
    package static let modelFileBytes = 16 << 20
    /// Bytes of a `SHA256SUMS`.
    package static let checksumFileBytes = 64 << 10
    /// Bytes of a model's or a feature's name.
    package static let nameBytes = 64
    /// The highest version, so that it fits 32 bits wherever it goes.
    package static let version = Int(Int32.max)
    /// Magnitude of every number of a model, and of the weights and the bias folded from them. With 256 inputs sums of
    /// weight × mean then stay below 1e203: see ``Scorer/inputLimit``.
    package static let magnitude = 1e100
    /// Artefacts or names an error message lists before it says "and n more".
    package static let namesInMessage = 20
}
