/// A model of any family: the closed list of those that this program scores.
///
/// A further family is one more case here, its type with a ``ModelHeader`` and what its rows are scored by, and one more
/// ``ArtefactFormat``; the compiler then points at each place that tells families apart.
package enum Model: Equatable, Sendable, HeadedModel {
    case logistic(LogisticModel)

    package var header: ModelHeader {
        switch self {
        case .logistic(let model): model.header
        }
    }
}
