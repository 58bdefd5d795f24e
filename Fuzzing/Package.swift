// swift-tools-version: 6.2

import PackageDescription

// What libFuzzer drives: a package of its own, so that the one that ships neither builds nor links it. scripts/fuzz builds it
// with the compiler's flags for that. `package` access ends at a package's border: see Benchmarks/Package.swift.
let root = Context.packageDirectory.split(separator: "/").dropLast().last.map { $0.lowercased() } ?? ""
let accessName = String(root.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-package-name", accessName]),
]

let targets = Target.Dependency.product(name: "_ChurnFuzzTargets", package: root)

let package = Package(
    name: "churn-fuzz",
    dependencies: [.package(path: "..")],
    targets: [
        .executableTarget(
            name: "churnfuzz",
            dependencies: [targets],
            packageAccess: false,
            swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])]
        ),
        .executableTarget(
            name: "churncompare",
            dependencies: [targets],
            packageAccess: false,
            swiftSettings: strict
        ),
    ]
)
