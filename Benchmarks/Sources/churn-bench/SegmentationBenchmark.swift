internal import ArgumentParser
internal import ChurnTraining

struct KMeansBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "kmeans", abstract: "Times k-means on one thread.")

    @Argument(help: "Coordinates of the points, one column each.") var file: String
    @Option(name: .customLong("k")) var clusters = 4
    @Option var restarts = 200
    @Option var runs = 1

    func run() throws {
        let points = try PointMatrix(ColumnFile(path: file), dimensions: nil)
        let algorithm = try KMeans(clusters: clusters, restarts: restarts)
        let (fit, times) = try timed(runs: runs) { try algorithm.fit(points) }
        printObject([("ms", "\(times)"), ("inertia", "\(fit.inertia)")])
    }
}

struct SilhouetteBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "silhouette",
        abstract: "Times the exact silhouette on one thread."
    )

    @Argument(help: "Coordinates of the points, one column each, and their labels as the last.") var file: String
    @Option var runs = 1

    func run() throws {
        let file = try ColumnFile(path: file)
        let points = try PointMatrix(file, dimensions: file.columns - 1)
        let labels = file.column(file.columns - 1).map { Int($0) }
        let (silhouette, times) = try timed(runs: runs) { try Silhouette(points, labels: labels) }
        printObject([("ms", "\(times)"), ("mean", "\(silhouette.mean)")])
    }
}

extension PointMatrix {
    /// - Parameter dimensions: the first columns that are coordinates; nil: all.
    fileprivate init(_ file: ColumnFile, dimensions: Int?) throws {
        try self.init(columns: (0..<(dimensions ?? file.columns)).map { Array(file.column($0)) })
    }
}
