internal import ArgumentParser
internal import ChurnBase
internal import ChurnFeatures
internal import ChurnModel
internal import ChurnStore
internal import ChurnTraining

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why a customer has the score it has, without a server.",
        discussion: """
            Reads the customer's record of the last feature build, and scores it as the
            server does, to the bit. Bars to the right raise the odds of leaving, bars to
            the left lower them, against a customer who is average in everything. A bar is
            what its input adds while all others stay as they are: of inputs that move
            together, such as those about the last purchase, only the sum tells a story.

            EXAMPLES
              churn explain 12347
              churn explain 12347 --model seed-logistic --json
            """
    )

    @Argument(help: ArgumentHelp("The customer's id.", valueName: "id"))
    var id: Int64

    @Option(
        help: ArgumentHelp(
            "The model, NAME or NAME@VERSION (else CHURN_MODEL, else the one that serve prefers).",
            valueName: "selector"
        )
    )
    var model: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var models: ModelsOptions
    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        let settings = try configuration.settings()
        let model = try chosenModel(settings)
        let location = try store.location(settings)
        let opened = try location.open(.read)
        guard let record = try opened.record(of: id) else {
            throw Failure(.unknownName, "\(location): knows no customer \(id); check the id, or build features again")
        }
        let products = ProductFeatures.among(model.row.features)
        if !products.isEmpty, try !opened.hasProducts(in: record.build) {
            throw TrainingError.noProducts(inputs: model.selector, features: products)
        }
        let explanation = try Explanation(record, by: model, level: settings.cpuLevel())
        try StandardStream.output.write(json ? explanation.object.text + "\n" : explanation.text)
    }

    private func chosenModel(_ settings: Settings) throws -> Model {
        let catalog = try ModelCatalog(directory: models.directory(settings))
        let names = catalog.entries.map(\.name)
        guard let selector = settings.model(flags: model.map { [$0] } ?? []).first ?? DefaultModel.order(names).first
        else {
            throw Failure(.inputMissing, "\(catalog.directory): holds no model; name another directory with --models")
        }
        return try catalog.artefact(selector).model
    }
}

/// One customer's score, taken apart.
struct Explanation {
    private let model: Model
    private let record: CustomerRecord
    /// In the order of the model's inputs.
    private let features: [Double]
    private let contributions: [Double]
    private let baseline: Double
    private let baselineProbability: Double
    private let logOdds: Double
    private let probability: Double

    /// - Throws: 65 for a model of other features, or a record that it cannot score.
    init(_ record: CustomerRecord, by model: Model, level: CPULevel) throws(Failure) {
        let schema = FeatureSchema.current
        let scorer = Scorer(model, level: level)
        let row: PlacedRow
        do {
            row = try model.row.placed { schema.index(of: $0) }
        } catch {
            throw Failure(
                .badData,
                "\(model.selector): reads \(error.names[0]), which the features do not have".oneLine
            )
        }
        var customer = [Double](repeating: 0, count: schema.names.count)
        customer.withUnsafeMutableBufferPointer { schema.write(record.facts, record.build.context, to: $0) }
        let features = row.features(of: customer)
        let inputs = row.inputs(of: customer)
        var contributions = [Double](repeating: 0, count: inputs.count)
        if let invalid = scorer.firstInvalid(inputs: inputs) {
            throw Failure(
                .badData,
                "\(model.selector): cannot score \(model.row.inputs[invalid].feature) = \(features[invalid])".oneLine
            )
        }
        scorer.contributions(inputs: inputs, into: &contributions)
        self.model = model
        self.record = record
        self.features = features
        self.contributions = contributions
        baseline = scorer.baseline
        baselineProbability = scorer.baselineProbability
        (logOdds, probability) = scorer.score(inputs: inputs)
    }

    private var isChurn: Bool { model.isChurn(probability: probability) }

    var object: JSON {
        let parts = model.row.inputs.indices.map { index in
            JSON.object([
                ("feature", .string(model.row.inputs[index].feature)), ("value", .number(features[index])),
                ("log_odds", .number(contributions[index])),
                ("words", .string(FeatureWords.sentence(model.row.inputs[index].feature, features[index]))),
            ])
        }
        return .object([
            ("customer_id", .integer(record.facts.customer)), ("model", .string(model.selector)),
            ("as_of", .string(isoText(minute: record.build.context.asOfMinute))),
            ("churn_probability", .number(probability)), ("churn_prediction", .integer(isChurn ? 1 : 0)),
            ("threshold", .number(model.threshold)), ("log_odds", .number(logOdds)), ("baseline", .number(baseline)),
            ("contributions", .array(parts)),
        ])
    }

    var text: String {
        func percent(_ share: Double) -> String { roundedText(100 * share, decimals: 1) + " %" }
        var text = "customer \(record.facts.customer) \(isChurn ? "is likely to leave" : "is likely to stay"): "
        text += "\(percent(probability)), threshold \(percent(model.threshold))\n\n"
        var table = Table([("", .left), ("log-odds", .right), ("lowers", .right), ("raises", .left), ("", .left)])
        table.add(["average customer", signed(baseline), "", "", percent(baselineProbability)])
        let most = max(contributions.map(\.magnitude).max() ?? 0, 1e-9)
        let order = contributions.indices.sorted {
            (-contributions[$0].magnitude, $0) < (-contributions[$1].magnitude, $1)
        }
        let marked = lastPurchase
        for index in order {
            let value = contributions[index]
            let bar = String(repeating: "█", count: Int((16 * value.magnitude / most).rounded()))
            table.add([
                FeatureWords(model.row.inputs[index].feature).label + (marked.contains(index) ? " *" : ""),
                signed(value),
                value < 0 ? bar : "",
                value < 0 ? "" : bar,
                FeatureWords.sentence(model.row.inputs[index].feature, features[index]),
            ])
        }
        table.add(["together", signed(logOdds), "", "", percent(probability)])
        text += table.text()
        if !marked.isEmpty {
            let sum = marked.reduce(0) { $0 + contributions[$1] }
            text += "* move together, as all depend on when the customer last bought: read their sum, \(signed(sum)), "
            text += "not one of them\n"
        }
        if let segment = record.segment { text += "segment: \(segment.oneLine)\n" }
        return text + "\(model.selector), features as of \(isoText(minute: record.build.context.asOfMinute))\n"
    }

    /// Inputs that move with the last purchase. Weights of correlated inputs correct each other, so one bar alone may say the
    /// opposite of what a silence means.
    private var lastPurchase: [Int] {
        let group = model.row.inputs.indices.filter { FeatureWords.lastPurchase.contains(model.row.inputs[$0].feature) }
        return group.count > 1 ? group : []
    }

    private func signed(_ value: Double) -> String { (value < 0 ? "" : "+") + roundedText(value, decimals: 3) }
}
