internal import ArgumentParser

/// The in-process half of the benchmarks: what is timed without a server. `Benchmarks/run` runs it beside its peers.
@main
struct ChurnBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "churn-bench",
        abstract: "Times parts of churn in one process and checks what they answer.",
        subcommands: [
            CallsCommand.self,
            CSVFeatures.self, KernelCommand.self, TrainingData.self, FitBenchmark.self, KMeansBenchmark.self,
            SilhouetteBenchmark.self, MongoLookup.self, StallCommand.self, DeployLoad.self,
        ]
    )
}
