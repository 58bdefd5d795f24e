/// One call, whatever it came in: a method and the model it is for. A view into memory of whoever decoded it, valid only
/// while that memory is.
package struct Call {
    package enum Method {
        case predictByID(PredictByIDArguments)
        case predictBatchByIDs(UnsafeBufferPointer<Int64>)
        case predictBatchByTexts(CustomerTexts)
        case predictBatchByColumns(UnsafeBufferPointer<FeatureColumnView>)
        /// A batch without any kind of rows.
        case predictBatchEmpty
        case health(names: Bool)
        /// A method that this version does not know.
        case unknown
        /// A request whose parts contradict each other.
        case contradictory(CallFailure)
    }

    /// "name" or "name@version", NUL-terminated, not checked to be UTF-8. Empty: the default model.
    package var model: UnsafePointer<CChar>
    package var method: Method
    /// The row of the request that row 0 of the call is, where a request is answered in several parts.
    package var firstRow = 0

    package init(model: UnsafePointer<CChar>, method: Method) {
        self.model = model
        self.method = method
    }
}

/// The customer of a PredictById, and what its answer is to hold besides the prediction.
package struct PredictByIDArguments {
    package var customer: CustomerName
    package var contributions: Bool
    package var names: Bool

    package init(customer: CustomerName, contributions: Bool = false, names: Bool = false) {
        self.customer = customer
        self.contributions = contributions
        self.names = names
    }

    package init(customerID: Int64, contributions: Bool = false, names: Bool = false) {
        self.init(customer: .number(customerID), contributions: contributions, names: names)
    }
}

/// One column of a batch. Its name is not checked to be UTF-8, and nothing says that columns have the same length.
package struct FeatureColumnView: BitwiseCopyable {
    /// NUL-terminated.
    package var name: UnsafePointer<CChar>?
    package var values: UnsafeBufferPointer<Double>

    package init(name: UnsafePointer<CChar>?, values: UnsafeBufferPointer<Double>) {
        self.name = name
        self.values = values
    }
}

/// The limits of a call, in whatever it comes.
package enum CallLimits {
    /// Most rows of a batch: as many ids as fit into a frame come to 2 million, and a million is enough.
    package static let batchRows = 1_000_000

    /// Most columns of a batch. No model has more inputs.
    package static let batchColumns = 256

    /// Characters of a peer's own text that may be repeated in a message to it.
    package static let echoedCharacters = 100
}
