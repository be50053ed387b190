/// Which target may import which: the rooms of the house and the doors between them.
///
/// A new door is a decision about the design. It is made here and in the manifest, with its reason
/// in the commit that makes it.
enum Rooms {
    static let mayImport: [String: Set<String>] = [
        "ReelRuntime": [],
        "ReelJSON": [],
        "ReelObservability": ["ReelRuntime"],
        "ReelCrypto": ["ReelRuntime", "CReelOpenSSL"],
        "ReelSystem": ["ReelRuntime", "CReelLinux"],
        "ReelHTTP": [],
        "ReelHTTPServer": [
            "ReelRuntime", "ReelObservability", "ReelCrypto", "ReelSystem", "ReelHTTP",
        ],
        "ReelHTTPClient": [
            "ReelRuntime", "ReelObservability", "ReelSystem", "ReelHTTP", "CReelCurl",
        ],
        "ReelWebhooks": ["ReelRuntime", "ReelCrypto", "ReelHTTP"],
        "ReelJournal": ["ReelRuntime", "ReelJSON", "ReelObservability", "ReelWebhooks"],
        "ReelJournalSQLite": [
            "ReelRuntime", "ReelJSON", "ReelObservability", "ReelJournal", "CReelSQLite",
        ],
        "ReelEvents": ["ReelRuntime", "ReelJSON", "ReelObservability", "ReelJournal"],
        "ReelProviders": [
            "ReelRuntime", "ReelJSON", "ReelObservability", "ReelCrypto", "ReelHTTP",
            "ReelHTTPClient",
        ],
        "ReelS3": ["ReelRuntime", "ReelCrypto", "ReelHTTP", "ReelHTTPClient", "CReelExpat"],
        "ReelAssets": [
            "ReelRuntime", "ReelJSON", "ReelObservability", "ReelCrypto", "ReelSystem", "ReelHTTP",
            "ReelHTTPClient", "ReelS3",
        ],
        "ReelHandlers": [
            "ReelRuntime", "ReelJSON", "ReelObservability", "ReelCrypto", "ReelSystem", "ReelHTTP",
            "ReelHTTPClient", "ReelWebhooks", "ReelJournal", "ReelEvents", "ReelProviders",
            "ReelS3", "ReelAssets",
        ],
        "ReelReconciler": [
            "ReelRuntime", "ReelJSON", "ReelObservability", "ReelJournal", "ReelEvents",
            "ReelProviders",
        ],
        "ReelConsole": [
            "ReelRuntime", "ReelJSON", "ReelObservability", "ReelHTTP", "ReelHTTPServer",
            "ReelHTTPClient", "ReelJournal", "ReelEvents", "ReelProviders", "ReelAssets",
            "ReelReconciler",
        ],
        "ReelEmulator": [
            "ReelRuntime", "ReelJSON", "ReelObservability", "ReelCrypto", "ReelSystem", "ReelHTTP",
            "ReelHTTPServer", "ReelHTTPClient", "ReelWebhooks",
        ],
        "Reelhook": all,
        "ReelhookCLI": all.union(["Reelhook", "ReelEmulator"]),
    ]

    /// A driver is tested where the suite of all drivers runs.
    static let testedElsewhere = ["ReelJournalSQLite": "ReelJournalTests"]

    /// Every room that the whole is made of; the emulator is no part of it.
    private static let all: Set<String> = [
        "ReelRuntime", "ReelJSON", "ReelObservability", "ReelCrypto", "ReelSystem", "ReelHTTP",
        "ReelHTTPServer", "ReelHTTPClient", "ReelWebhooks", "ReelJournal", "ReelJournalSQLite",
        "ReelEvents", "ReelProviders", "ReelS3", "ReelAssets", "ReelHandlers", "ReelReconciler",
        "ReelConsole",
    ]

    /// What comes with the toolchain.
    ///
    /// Foundation is missing on purpose: it is megabytes of what the rooms do themselves, and its
    /// clocks, ids and files cannot be handed in.
    static let toolchain: Set<String> = ["Glibc", "Synchronization"]

    /// What tests may import beside that.
    static let toolchainForTests: Set<String> = [
        "Dispatch", "Glibc", "Synchronization", "Testing", "Foundation", "FoundationEssentials",
    ]

    /// Where something may be `public`, since a user of the library sees it; everything else is
    /// `package` at most.
    static let mayBePublic: Set<String> = [
        "ReelRuntime", "ReelJournal", "ReelEvents", "Reelhook",
    ]
}
