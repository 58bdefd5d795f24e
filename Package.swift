// swift-tools-version: 6.2

import PackageDescription

/// One list of settings for every Swift target of the package.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

#if arch(x86_64)
    /// Kernels beyond the baseline: one source, two folders that are links to it. The manifest is compiled for the machine
    /// that builds: elsewhere there is one level, and no such flag.
    let kernelLevels: [Target] = [
        .target(
            name: "ChurnKernelV3",
            swiftSettings: strict + [.define("USE_FMA"), .unsafeFlags(["-Xcc", "-march=x86-64-v3"])]
        ),
        .target(
            name: "ChurnKernelV4",
            swiftSettings: strict + [
                .define("USE_FMA"), .unsafeFlags(["-Xcc", "-march=x86-64-v4", "-Xcc", "-mprefer-vector-width=512"]),
            ]
        ),
    ]
#else
    let kernelLevels: [Target] = []
#endif

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioLocks = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")

let package = Package(
    name: "churn",
    products: [
        .executable(name: "churn", targets: ["churn"]),
        .library(name: "ChurnClient", targets: ["ChurnClient"]),
        // For Benchmarks/, which is a package of its own: nothing in these is public but what ChurnClient shows.
        .library(
            name: "_ChurnInternals",
            targets: [
                "ChurnBase", "ChurnCalls", "ChurnFeatures", "ChurnModel", "ChurnTraining", "ChurnStore", "ChurnServing",
                "ChurnClient", "ChurnServer",
            ]
        ),
        // For Fuzzing/, likewise.
        .library(name: "_ChurnFuzzTargets", targets: ["FuzzTargets"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    // Imports run one way, from the end of this list towards its start. docs/architecture.md draws it.
    targets: [
        .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
        .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
        .systemLibrary(name: "CMongo", pkgConfig: "libmongoc-1.0", providers: [.apt(["libmongoc-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CByteScan"),
        .target(name: "CChurnProto", dependencies: ["CProtobufC"]),

        .target(name: "CMongoLog", dependencies: ["CMongo"]),
        .target(name: "CEpoll"),
        .target(name: "CHandover"),

        .target(name: "ChurnBase", dependencies: ["CCrypto"], swiftSettings: strict),
        .target(
            name: "ChurnFeatures",
            dependencies: ["ChurnBase", "CByteScan", "CCPU", "CExpat", "CZip", "CZlib"],
            swiftSettings: strict
        ),
        .target(name: "CCPU"),
        .target(name: "ChurnKernelBaseline", swiftSettings: strict),
        .target(
            name: "ChurnModel",
            dependencies: ["ChurnBase", "CCPU", "ChurnKernelBaseline"]
                + kernelLevels.map { .target(name: $0.name) },
            swiftSettings: strict
        ),
        .target(
            name: "ChurnTraining",
            dependencies: ["ChurnBase", "ChurnFeatures", "ChurnModel", "ChurnKernelBaseline"],
            swiftSettings: strict
        ),
        .target(
            name: "ChurnStore",
            dependencies: ["ChurnBase", "ChurnFeatures", "CMongo", "CMongoLog", grdb, grdbSQLite],
            swiftSettings: strict
        ),
        .target(name: "ChurnCalls", dependencies: ["ChurnBase"], swiftSettings: strict),
        .target(
            name: "ChurnServing",
            dependencies: [
                "ChurnBase", "ChurnCalls", "ChurnFeatures", "ChurnModel", "ChurnStore", nioCore, nioPosix, nioLocks,
                logging,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ChurnProtocol",
            dependencies: ["ChurnBase", "ChurnCalls", "CChurnProto", "CProtobufC", nioCore],
            swiftSettings: strict
        ),
        .target(
            name: "ChurnClient",
            dependencies: ["ChurnBase", "ChurnCalls", "ChurnProtocol", nioCore, nioPosix, nioLocks],
            swiftSettings: strict
        ),
        .target(
            name: "ChurnServer",
            dependencies: [
                "ChurnBase", "ChurnCalls", "ChurnProtocol", "ChurnServing", "ChurnStore", "ChurnFeatures", "ChurnModel",
                "CEpoll", "CHandover", "CNghttp2", "CZlib", nioCore, nioPosix, nioLocks, logging, lifecycle,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "churn",
            dependencies: [
                "ChurnBase", "ChurnCalls", "ChurnFeatures", "ChurnModel", "ChurnTraining", "ChurnStore", "ChurnClient",
                "ChurnServer", "ChurnServing", "ChurnProtocol",
                argumentParser, logging, lifecycle, unixSignals,
            ],
            swiftSettings: strict
        ),

        .target(
            name: "TestSupport",
            dependencies: ["ChurnFeatures", "CZip"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "ServerTestSupport",
            dependencies: [
                "ChurnBase", "ChurnServer", "ChurnServing", "ChurnModel", "ChurnStore", "ChurnFeatures", "TestSupport",
                logging, lifecycle,
            ],
            path: "Tests/ServerTestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "ChurnBase", "ChurnServer", "ChurnServing", "ChurnModel", "ChurnFeatures", "TestSupport", nioCore,
                nioPosix, nioLocks,
                nioHTTP1, nioEmbedded, logging,
            ],
            path: "Tests/FuzzTargets",
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChurnProtocolTests",
            dependencies: ["ChurnBase", "ChurnProtocol", "ChurnCalls", "TestSupport", nioCore],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChurnFeaturesTests",
            dependencies: ["ChurnBase", "ChurnFeatures", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(name: "ChurnBaseTests", dependencies: ["ChurnBase", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "ChurnModelTests",
            dependencies: ["ChurnBase", "ChurnModel", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChurnServerTests",
            dependencies: [
                "ChurnBase", "ChurnServer", "ChurnServing", "ChurnCalls", "ChurnProtocol", "ChurnFeatures",
                "ChurnModel",
                "ChurnStore",
                "TestSupport", "ServerTestSupport", "FuzzTargets", nioCore,
                logging, lifecycle,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChurnTrainingTests",
            dependencies: ["ChurnTraining", "ChurnFeatures", "ChurnModel", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChurnStoreTests",
            dependencies: ["ChurnBase", "ChurnStore", "ChurnFeatures", "TestSupport", "ServerTestSupport", grdb],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChurnClientTests",
            dependencies: [
                "ChurnClient", "ChurnCalls", "ChurnProtocol", "ChurnServer", "ChurnServing", "ChurnModel", "ChurnStore",
                "ChurnFeatures",
                "TestSupport", "ServerTestSupport",
                nioCore, nioPosix, nioLocks, logging, lifecycle,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ChurnCLITests",
            dependencies: ["churn", "ChurnFeatures", "ChurnModel", "ChurnStore", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(name: "TidyTests", dependencies: ["TestSupport"], swiftSettings: strict),
        .testTarget(name: "ChurnWireTests", dependencies: ["TestSupport", "churn"], swiftSettings: strict),
        .testTarget(
            name: "ChurnEndToEndTests",
            dependencies: [
                "churn", "CHandover", "ChurnCalls", "ChurnClient", "ChurnFeatures", "ChurnModel", "ChurnServer",
                "ChurnServing", "ChurnStore",
                "ChurnTraining", "TestSupport", "ServerTestSupport", nioCore,
            ],
            swiftSettings: strict
        ),
    ] + kernelLevels
)
