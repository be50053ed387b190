// swift-tools-version: 6.3

import PackageDescription

/// The one set of settings: Swift 6 mode with every upcoming feature of 6.3, strict memory safety,
/// and no warning left standing.
let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

/// A C library of the distribution: a module map and inline shims, no logic.
func library(_ name: String, pkgConfig: String? = nil, package: String? = nil) -> Target {
    .systemLibrary(
        name: name,
        pkgConfig: pkgConfig,
        providers: package.map { [.apt([$0])] }
    )
}

/// A room of the house; `Tests/ArchitectureTests` holds the same table of what each may import.
func room(
    _ name: String,
    _ dependencies: [Target.Dependency],
    resources: [Resource] = []
) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        resources: resources,
        swiftSettings: settings
    )
}

func tests(
    _ name: String,
    _ dependencies: [Target.Dependency],
    resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies + ["TestSupport"],
        resources: resources,
        swiftSettings: settings
    )
}

let everyRoom: [Target.Dependency] = [
    "ReelRuntime", "ReelJSON", "ReelObservability", "ReelCrypto", "ReelSystem", "ReelHTTP",
    "ReelHTTPServer", "ReelHTTPClient", "ReelWebhooks", "ReelJournal", "ReelJournalSQLite",
    "ReelEvents", "ReelProviders", "ReelS3", "ReelAssets", "ReelHandlers", "ReelReconciler",
    "ReelConsole",
]

let package = Package(
    name: "Reelhook",
    products: [
        .library(name: "Reelhook", targets: ["Reelhook"]),
        .executable(name: "reelhook", targets: ["ReelhookCLI"]),
    ],
    targets: [
        // The C libraries.
        library("CReelLinux"),
        library("CReelOpenSSL", pkgConfig: "openssl", package: "libssl-dev"),
        library("CReelSQLite", pkgConfig: "sqlite3", package: "libsqlite3-dev"),
        library("CReelCurl", pkgConfig: "libcurl", package: "libcurl4-openssl-dev"),
        library("CReelExpat", pkgConfig: "expat", package: "libexpat1-dev"),

        // What every room is handed.
        room("ReelRuntime", []),
        room("ReelJSON", []),
        room("ReelObservability", ["ReelRuntime"]),
        room("ReelCrypto", ["ReelRuntime", "CReelOpenSSL"]),
        room("ReelSystem", ["ReelRuntime", "CReelLinux"]),
        room("ReelHTTP", []),

        // The way in.
        room(
            "ReelHTTPServer",
            ["ReelRuntime", "ReelObservability", "ReelCrypto", "ReelSystem", "ReelHTTP"]
        ),
        room(
            "ReelHTTPClient",
            ["ReelRuntime", "ReelObservability", "ReelSystem", "ReelHTTP", "CReelCurl"]
        ),
        room("ReelWebhooks", ["ReelRuntime", "ReelCrypto", "ReelHTTP"]),

        // The truth.
        room(
            "ReelJournal",
            ["ReelRuntime", "ReelJSON", "ReelObservability", "ReelWebhooks"]
        ),
        room(
            "ReelJournalSQLite",
            ["ReelRuntime", "ReelJSON", "ReelObservability", "ReelJournal", "CReelSQLite"]
        ),

        // What follows from it.
        room("ReelEvents", ["ReelRuntime", "ReelJSON", "ReelObservability", "ReelJournal"]),
        room(
            "ReelProviders",
            [
                "ReelRuntime", "ReelJSON", "ReelObservability", "ReelCrypto", "ReelHTTP",
                "ReelHTTPClient",
            ]
        ),
        room(
            "ReelS3",
            ["ReelRuntime", "ReelCrypto", "ReelHTTP", "ReelHTTPClient", "CReelExpat"]
        ),
        room(
            "ReelAssets",
            [
                "ReelRuntime", "ReelJSON", "ReelObservability", "ReelCrypto", "ReelSystem",
                "ReelHTTP", "ReelHTTPClient", "ReelS3",
            ]
        ),
        room(
            "ReelHandlers",
            [
                "ReelRuntime", "ReelJSON", "ReelObservability", "ReelCrypto", "ReelSystem",
                "ReelHTTP", "ReelHTTPClient", "ReelWebhooks", "ReelJournal", "ReelEvents",
                "ReelProviders", "ReelS3", "ReelAssets",
            ]
        ),
        room(
            "ReelReconciler",
            [
                "ReelRuntime", "ReelJSON", "ReelObservability", "ReelJournal", "ReelEvents",
                "ReelProviders",
            ]
        ),
        room(
            "ReelConsole",
            [
                "ReelRuntime", "ReelJSON", "ReelObservability", "ReelHTTP", "ReelHTTPServer",
                "ReelHTTPClient", "ReelJournal", "ReelEvents", "ReelProviders",
                "ReelAssets", "ReelReconciler",
            ]
        ),
        room(
            "ReelEmulator",
            [
                "ReelRuntime", "ReelJSON", "ReelObservability", "ReelCrypto", "ReelSystem",
                "ReelHTTP", "ReelHTTPServer", "ReelHTTPClient", "ReelWebhooks",
            ],
            // The binary carries the film, so that the demo needs no file beside it.
            resources: [
                .embedInCode("../../fixtures/media/valid/video.mp4"),
                .embedInCode("../../fixtures/media/valid/thumbnail.webp"),
                .embedInCode("../../fixtures/media/valid/spritesheet.jpg"),
            ]
        ),

        // The whole, and its command line.
        room("Reelhook", everyRoom),
        .executableTarget(
            name: "ReelhookCLI",
            dependencies: everyRoom + ["Reelhook", "ReelEmulator"],
            swiftSettings: settings
        ),

        // The program of the README, built so that it stays true.
        .executableTarget(
            name: "ReelhookExample",
            dependencies: ["Reelhook"],
            path: "Tests/ReelhookExample",
            swiftSettings: settings
        ),

        // What Tests/Benchmarks/dispatch runs beside its peer.
        .executableTarget(
            name: "DispatchBenchmark",
            dependencies: [
                "ReelRuntime", "ReelObservability", "ReelJournal", "ReelJournalSQLite",
                "ReelEvents",
            ],
            path: "Tests/Benchmarks/dispatching",
            swiftSettings: settings
        ),
        // What Tests/Benchmarks/journal runs.
        .executableTarget(
            name: "JournalBenchmark",
            dependencies: [
                "ReelRuntime", "ReelObservability", "ReelWebhooks", "ReelJournal",
                "ReelJournalSQLite",
            ],
            path: "Tests/Benchmarks/appending",
            swiftSettings: settings
        ),

        // The whole service in a simulated world.
        .executableTarget(
            name: "Simulation",
            dependencies: everyRoom + ["Reelhook", "CReelSQLite"],
            path: "Tests/Simulation",
            exclude: ["run", "plants", "plant"],
            resources: [
                .embedInCode("../../fixtures/media/valid/video.mp4"),
                .embedInCode("../../fixtures/media/valid/thumbnail.webp"),
                .embedInCode("../../fixtures/media/valid/spritesheet.jpg"),
            ],
            swiftSettings: settings
        ),

        // Tests: what they share, then one for each room.
        .target(
            name: "TestSupport",
            dependencies: [
                "ReelRuntime", "ReelHTTP", "ReelHTTPClient", "ReelSystem", "ReelAssets",
                "ReelJournal",
            ],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        .target(
            name: "JournalConformance",
            dependencies: [
                "ReelRuntime", "ReelJSON", "ReelJournal", "ReelWebhooks", "ReelHTTP", "TestSupport",
            ],
            path: "Tests/JournalConformance",
            swiftSettings: settings
        ),
        tests("ReelRuntimeTests", ["ReelRuntime"]),
        tests("ReelJSONTests", ["ReelJSON"]),
        tests("ReelObservabilityTests", ["ReelObservability", "ReelRuntime"]),
        tests("ReelCryptoTests", ["ReelCrypto", "ReelRuntime"]),
        tests("ReelSystemTests", ["ReelSystem", "ReelRuntime"]),
        tests("ReelHTTPTests", ["ReelHTTP", "ReelRuntime"]),
        tests(
            "ReelHTTPServerTests",
            [
                "ReelHTTPServer", "ReelHTTP", "ReelCrypto", "ReelSystem", "ReelObservability",
                "ReelRuntime",
            ]
        ),
        tests(
            "ReelHTTPClientTests",
            [
                "ReelHTTPClient", "ReelHTTPServer", "ReelHTTP", "ReelSystem", "ReelObservability",
                "ReelRuntime",
            ]
        ),
        tests("ReelWebhooksTests", ["ReelWebhooks", "ReelHTTP", "ReelCrypto", "ReelRuntime"]),
        tests(
            "ReelJournalTests",
            [
                "ReelJournal", "ReelJournalSQLite", "CReelSQLite", "JournalConformance",
                "ReelWebhooks", "ReelHTTP", "ReelJSON", "ReelObservability", "ReelRuntime",
            ]
        ),
        tests(
            "ReelEventsTests",
            [
                "ReelEvents", "ReelJournal", "JournalConformance", "ReelWebhooks", "ReelHTTP",
                "ReelJSON", "ReelObservability", "ReelRuntime",
            ]
        ),
        tests(
            "ReelProvidersTests",
            [
                "ReelProviders", "ReelHTTPClient", "ReelHTTP", "ReelJSON", "ReelObservability",
                "ReelRuntime",
            ]
        ),
        tests(
            "ReelS3Tests",
            ["ReelS3", "ReelHTTPClient", "ReelHTTP", "ReelJSON", "ReelRuntime"]
        ),
        tests(
            "ReelAssetsTests",
            [
                "ReelAssets", "ReelS3", "ReelHTTPClient", "ReelHTTP", "ReelSystem", "ReelCrypto",
                "ReelJSON",
                "ReelObservability", "ReelRuntime",
            ]
        ),
        tests("ReelHandlersTests", everyRoom),
        tests(
            "ReelReconcilerTests",
            [
                "ReelReconciler", "ReelProviders", "ReelEvents", "ReelJournal", "ReelWebhooks",
                "ReelHTTP", "ReelHTTPClient", "ReelJSON", "ReelObservability", "ReelRuntime",
            ]
        ),
        tests("ReelConsoleTests", everyRoom),
        tests("ReelEmulatorTests", ["ReelEmulator"] + everyRoom),
        tests("ReelhookTests", ["Reelhook", "ReelEmulator", "JournalConformance"] + everyRoom),
        tests("ReelhookCLITests", ["ReelhookCLI", "Reelhook"] + everyRoom),
        tests("ArchitectureTests", []),
    ],
    swiftLanguageModes: [.v6]
)

// The fuzzers need the toolchain's libFuzzer and a build of their own: see Tests/Fuzz/run.
if Context.environment["REELHOOK_FUZZERS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "ReelRuntime", "ReelJSON", "ReelObservability", "ReelHTTP", "ReelHTTPClient",
                "ReelWebhooks", "ReelJournal", "ReelProviders", "ReelS3", "ReelAssets",
            ],
            path: "Tests/Fuzz",
            exclude: [
                "run", "seeds", "http.dict", "json.dict", "media.dict", "provider.dict",
                "proxy.dict", "store.dict", "webhook.dict",
            ],
            swiftSettings: settings
        )
    )
}
