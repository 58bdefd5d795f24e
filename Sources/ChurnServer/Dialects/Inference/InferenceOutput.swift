internal import ChurnCalls
internal import ChurnModel
internal import ChurnServing

/// What an answer of the Open Inference Protocol may hold: one value per row each.
enum InferenceOutputName: String, CaseIterable, Sendable {
    /// That the customer leaves; NaN, or null in JSON, in a row whose status is not OK.
    case probability
    /// Whether the probability reaches the model's threshold.
    case decision
    /// The outcome of the row by itself: a number of `StatusCode`.
    case status

    var datatype: StaticString {
        switch self {
        case .probability: "FP64"
        case .decision: "BOOL"
        case .status: "INT32"
        }
    }

    /// Of one value in binary.
    var valueBytes: Int {
        switch self {
        case .probability: 8
        case .decision: 1
        case .status: 4
        }
    }

    /// - Parameter outputs: those found so far.
    static func find(_ name: String, besides outputs: [InferenceOutput]) throws(CallFailure) -> InferenceOutputName {
        guard let output = InferenceOutputName(rawValue: name) else {
            let names = allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidArgument("there is no output \(quotedForPeer(name)); these are: \(names)")
        }
        guard !outputs.contains(where: { $0.name == output }) else {
            throw .invalidArgument("the output \(name) is wanted twice")
        }
        return output
    }
}

struct InferenceOutput: Sendable {
    let name: InferenceOutputName
    /// In binary behind the JSON. Of no meaning for gRPC.
    let isBinary: Bool
}

/// The inputs that a model takes, and the names of its outputs, as metadata have them.
struct InferenceMetadata {
    struct Tensor {
        let name: String
        let datatype: String
        /// -1 stands for any number of rows.
        let shape: [Int64]
    }

    /// The inputs of customers whose features the server has: their ids, and their texts alone.
    static let customerID = "customer_id"
    static let customer = "customer"
    /// The input of features of the caller's, all in one.
    static let features = "features"
    /// Most characters of the caller's own id of a request, which its answer repeats.
    static let idCharacters = 1024
    static let platform: StaticString = "churn_logistic"
    /// Those that this server has of the protocol's.
    static let extensions = ["binary_tensor_data"]
    /// Parameters that ask for what this server does not do, and whose answer would be another than the caller reads.
    static let refusedParameters: Set = [
        "classification", "shared_memory_region", "shared_memory_offset", "shared_memory_byte_size",
    ]

    let name: String
    let versions: [String]
    let inputs: [Tensor]
    let outputs: [Tensor]

    init(_ served: ServedModel, of set: ModelSet) {
        name = served.model.name
        versions = set.models.filter { $0.model.name == served.model.name }.map { "\($0.model.version)" }
        let features = served.model.inputs.map(\.feature)
        inputs =
            [
                Tensor(name: Self.customerID, datatype: "INT64", shape: [-1]),
                Tensor(name: Self.customer, datatype: "BYTES", shape: [-1]),
                Tensor(name: Self.features, datatype: "FP64", shape: [-1, Int64(features.count)]),
            ] + features.map { Tensor(name: $0, datatype: "FP64", shape: [-1]) }
        outputs = InferenceOutputName.allCases.map {
            Tensor(name: $0.rawValue, datatype: "\($0.datatype)", shape: [-1])
        }
    }

    /// Which inputs go together.
    static let choice = "send customer_id, or customer, or features, or one input for each feature"

    /// What metadata cannot say by their tensors.
    static let properties: [(name: String, value: String)] = [
        ("inputs", "\(choice); customer_id may be BYTES as well, and features FP32"),
        (
            "status",
            "0 is OK; the numbers are those of gRPC's status codes, 5 for a customer that is not known, 3 for "
                + "a text that no customer can have"
        ),
    ]
}
