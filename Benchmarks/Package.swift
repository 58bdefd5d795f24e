// swift-tools-version: 6.2

import PackageDescription

// What is timed in one process and has to look inside: a package of its own, so that the one that ships neither builds
// nor resolves anything for it. `package` access ends at a package's border. The compiler knows the package by the name it
// is given, which SwiftPM makes from the folder of a checkout; one target here is given the same name.
let root = Context.packageDirectory.split(separator: "/").dropLast().last.map { $0.lowercased() } ?? ""
let accessName = String(root.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

#if arch(x86_64)
    let vectorWidth: [CSetting] = [.unsafeFlags(["-mprefer-vector-width=512"])]
#else
    let vectorWidth: [CSetting] = []
#endif

let package = Package(
    name: "churn-benchmarks",
    // Which versions, the package above says.
    dependencies: [
        .package(path: ".."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.0.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.0.0"),
    ],
    targets: [
        .executableTarget(
            name: "churn-bench",
            dependencies: [
                "CKernelTwin",
                .product(name: "_ChurnInternals", package: root),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            packageAccess: false,
            swiftSettings: strict + [.unsafeFlags(["-package-name", accessName])]
        ),
        .target(
            name: "CKernelTwin",
            cSettings: [.unsafeFlags(["-O3", "-Wno-psabi"])] + vectorWidth
        ),
    ]
)
