internal import ArgumentParser
internal import ChurnBase
internal import ChurnClient

struct Predict: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Ask a server about one customer, or a few.",
        discussion: """
            Customers the server does not know make the exit status 67; the others are
            shown all the same.

            EXAMPLES
              churn predict 12347
              churn predict 12347 12346 --model seed-logistic --contributions
              churn predict 12347 --json | jq .prediction.churn_probability
              churn predict CUST-0001 ann@example.com
            """
    )

    @Argument(help: ArgumentHelp("Customer ids: numbers, or the texts that the shop has.", valueName: "customer"))
    var customers: [String]

    @OptionGroup var model: ModelOption
    @OptionGroup var server: ServerOptions
    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "Also what each feature adds to the log-odds.")
    var contributions = false

    @Flag(help: "One JSON object a customer, a line each.")
    var json = false

    func run() async throws {
        let settings = try configuration.settings()
        let selector = model.selector(settings)
        let client = try server.client(settings)
        let answers = try await withClient(client) { await ask($0, selector) }

        let predictions = answers.compactMap { try? $0.get() }
        if json {
            let lines = predictions.map { PredictionText.object($0).text + "\n" }
            try StandardStream.output.write(lines.joined())
        } else {
            try StandardStream.output.write(PredictionText.text(predictions, contributions: contributions))
        }
        try report(answers)
    }

    /// In the order of the customers; all are asked for at once.
    private func ask(_ client: ChurnClient, _ selector: String) async -> [Result<Prediction, ChurnError>] {
        await withTaskGroup(of: (index: Int, answer: Result<Prediction, ChurnError>).self) { group in
            for (index, customer) in customers.enumerated() {
                group.addTask { [contributions] in
                    do throws(ChurnError) {
                        let prediction = try await client.predict(
                            customer: customer,
                            model: selector,
                            contributions: contributions,
                            names: true
                        )
                        return (index, .success(prediction))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var answers: [(index: Int, answer: Result<Prediction, ChurnError>)] = []
            for await answer in group { answers.append(answer) }
            return answers.sorted { $0.index < $1.index }.map(\.answer)
        }
    }

    /// One line for all that failed; what is worse than an unknown customer comes first.
    private func report(_ answers: [Result<Prediction, ChurnError>]) throws {
        var errors: [ChurnError] = []
        for answer in answers {
            if case .failure(let error) = answer { errors.append(error) }
        }
        guard let error = errors.first(where: { $0.code != .notFound }) ?? errors.first else { return }
        guard errors.count > 1 else { throw error }
        var failure = Failure(error)
        failure.message += " (\(errors.count - 1) more of the \(customers.count) failed)"
        throw failure
    }
}
