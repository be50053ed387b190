internal import ReelEvents
package import ReelHTTP
package import ReelHTTPServer
package import ReelHandlers
package import ReelObservability
package import ReelS3
package import ReelWebhooks

/// What a service is told before it starts: values with limits, none of them unlimited.
///
/// It is read from the environment and an optional file by `load`, which reports every mistake at
/// once. A program that uses the library may change the public values before it starts a service.
public struct Configuration: Sendable {
    /// The directory of the journal and the files; made if it is not there.
    public var dataDirectory = "./reelhook-data"
    /// Where deliveries come in.
    public var intake = ListenAddress(host: "127.0.0.1", port: 8080)
    /// Where the console is served.
    public var console = ListenAddress(host: "127.0.0.1", port: 8081)
    /// Guards the console; without one it is bound to loopback only.
    public var consoleToken: Secret?

    /// The intake's certificate; without one it speaks plain HTTP.
    package var intakeTLS: TLSSettings?
    /// The console's.
    package var consoleTLS: TLSSettings?
    /// Sockets that listen already and were handed to the process, by the listener they are for.
    package var inheritedSockets: [String: Int32] = [:]
    /// Where the supervisor is told how the service is; `NOTIFY_SOCKET`.
    package var notifySocket: String?
    /// How long a start waits for the process before it to let go of the data directory; above 0,
    /// it is asked for its ports, and this one gives them to the next.
    package var takeover: Duration = .zero

    package var log = LogSettings()
    package var endpoints: [EndpointSettings] = []
    package var providers: [ProviderSettings] = []
    package var chains: [ChainSettings] = []
    package var server = ServerSettings()
    package var clients = ClientSettings()
    package var dispatch = DispatchSettings()
    package var polling = PollingSettings()
    package var fetch = FetchSettings()
    /// The bucket that files are kept in; nil for the data directory.
    package var bucket: BucketSettings?
    package var journal = JournalSettings()
    package var retention = RetentionSettings()
    package var fileRetention = FileRetentionSettings()
    /// A file in PEM with authorities that requests to other servers trust.
    package var authorityFile: String?
    /// Networks in CIDR notation that notifications may reach besides public addresses.
    package var allowedNetworks: [String] = []
    /// Whether the file named chains, so that the standard ones are not added.
    var hasChains = false
    var hasProviders = false
    /// What is legal and worth a line in the log.
    package var warnings: [String] = []

    package init() {}
}

/// What is written to the log.
package struct LogSettings: Sendable, Hashable {
    package var level: LogLevel = .info
    /// One JSON object a line instead of text.
    package var isJSON = false
}

/// A path of the intake, and who may deliver to it.
package struct EndpointSettings: Sendable {
    package var name = "openai"
    package var path = "/webhooks/openai"
    /// The provider whose videos its events are about.
    package var provider = "openai"
    /// Any of them may have signed; empty refuses every delivery.
    package var secrets: [Secret] = []
    package var compatibility: WebhookCompatibility = .strict
    package var tolerance: Duration = .seconds(300)
    /// Where deliveries may come from; nil for anywhere.
    package var allowedNetworks: [NetworkBlock]?
}

/// Who the clients of the intake are, and what each of them may do.
package struct ClientSettings: Sendable, Hashable {
    package var address = ClientAddress()
    package var connectionCountMax = 256
    package var requestsPerSecond = 100
    package var burst = 1000
    /// Addresses that are told apart.
    package var addressCountMax = 1 << 15
    /// Whom the limits do not hold for: programs on this machine, unless the file says otherwise.
    package var exemptNetworks = ["127.0.0.0/8", "::1"].compactMap { NetworkBlock($0) }
}

/// A `/v1/videos` server.
package struct ProviderSettings: Sendable {
    package var name = "openai"
    package var baseURL = "https://api.openai.com/v1"
    package var apiKey: Secret?
    package var organization: String?
    package var project: String?
    /// Used in this order when the one before is refused or throttled.
    package var furtherKeys: [Secret] = []
    /// Requests to it at the same time.
    package var concurrencyMax = 16
    /// Requests a minute; nil leaves it to the number at the same time.
    package var requestsPerMinute: Int?
    /// Whether the pictures that orders bring along are looked at before they are sent.
    package var checksReferences = true
}

/// A chain of the configuration file.
package struct ChainSettings: Sendable {
    package var name: String
    package var types: [EventType]
    package var steps: [StepSettings]
}

/// A step of a chain of the configuration file.
package struct StepSettings: Sendable {
    /// What a step does.
    package enum Work: Sendable {
        case fetch(variants: [String])
        case store
        case notify(NotifySettings)
        case run(RunSettings)
    }

    package var name: String
    package var work: Work
    package var retry = RetryPolicy()
    package var timeLimit: Duration = .seconds(3600)
    /// Whether a notification waits for one that stands before it.
    package var isInTurn = false
}

/// Whom to tell.
package struct NotifySettings: Sendable {
    package var url: String
    /// The first signs, and so do the others, while a secret is being changed; empty only for a
    /// template, since a chat's URL is its secret.
    package var secrets: [Secret]
    package var shape = NotifyShape.full
    package var filter = NotifyFilter()
    package var timeout: Duration = .seconds(20)
}

/// What to run.
package struct RunSettings: Sendable {
    package var command: [String]
    package var directory: String?
    /// Variables of the service's environment that the command is given besides the event's.
    package var passedVariables: [String] = []
    package var environment: [String: String] = [:]
    package var outputByteCountMax = 64 << 10
}

/// What the listeners allow.
package struct ServerSettings: Sendable, Hashable {
    package var connectionCountMax = 16_384
    package var targetByteCountMax = 8 << 10
    package var headerByteCountMax = 16 << 10
    package var headerFieldCountMax = 100
    /// Bytes a second, once the grace is over.
    package var bodyRateMin = 256
    package var bodyRateGrace: Duration = .seconds(10)
    package var headerTimeout: Duration = .seconds(10)
    package var bodyTimeout: Duration = .seconds(30)
    package var idleTimeout: Duration = .seconds(75)
    package var writeTimeout: Duration = .seconds(30)
    package var intakeBodyByteCountMax = 1 << 20
    /// Bodies that are under way, of all connections together.
    package var intakeContentByteCountMax = 64 << 20
    /// Creating a video may carry a reference image or a video to edit.
    package var consoleBodyByteCountMax = 64 << 20
    package var requestsPerConnectionMax = 100_000
    package var stopGrace: Duration = .seconds(20)
    /// Event loops of the intake; 0 is one for each core, four at most.
    package var loopCount = 0

    /// Event loops of the intake, at least one.
    package var intakeLoopCount: Int { loopCount > 0 ? loopCount : min(4, coreCount()) }
}

/// How events are handed on.
package struct DispatchSettings: Sendable, Hashable {
    /// Runs worked on at the same time.
    package var concurrencyMax = 32
    /// Of those the ones at one provider or notification target; half of them, unless it is given.
    package var targetConcurrencyMax = 16
    package var lease: Duration = .seconds(60)
    package var stopGrace: Duration = .seconds(10)
    /// The outages in a row that open the breaker of a provider or a notification target.
    package var breakerFailureCountMax = 5
    package var breakerProbeInterval: Duration = .seconds(15)
    /// How old an event may become behind a breaker before its attempts count.
    package var breakerPatience: Duration = .seconds(72 * 3600)
    /// The longest time between two looks at the journal that nobody asked for.
    package var safetyInterval: Duration = .seconds(5)
}

/// How a missed event is caught.
package struct PollingSettings: Sendable, Hashable {
    package var isEnabled = true
    /// A missed event of a known video waits no longer than this.
    package var longestInterval: Duration = .seconds(25)
    /// A job that has not ended after this is given up.
    package var deadline: Duration = .seconds(24 * 3600)
    package var listInterval: Duration = .seconds(300)
    /// Whether a video in the provider's list that nobody told of is taken on.
    package var adoptsListed = true
}

/// How files are fetched.
package struct FetchSettings: Sendable, Hashable {
    package var byteCountMax = 8 << 30
    package var transferTimeout: Duration = .seconds(3600)
    /// Space that a download must leave on the disk.
    package var reserveByteCount = 64 << 20
    /// Bytes between two records of how far a download got; also a second lies between them.
    package var checkpointByteCount: Int64 = 4 << 20
    /// A download that is slower than this for as long as the stall timeout is cut.
    package var slowestBytesPerSecond = 1024
    package var stallTimeout: Duration = .seconds(30)
    /// Whether a video that is not what was ordered is given up.
    package var refusesDifferences = false
    package var durationTolerance: Duration = .milliseconds(500)
    /// How long before a link dies a video that is not here yet is warned of.
    package var alarmSpan: Duration = .seconds(600)
    /// How long a link is tried past its end when nothing but our own clock calls it dead.
    package var expiryGrace: Duration = .seconds(3600)
}

/// An S3-compatible store.
package struct BucketSettings: Sendable {
    package var endpoint: String
    package var name: String
    package var region = "auto"
    package var style = S3Bucket.Style.path
    /// What every key begins with; empty, or ending in a slash.
    package var prefix = ""
    package var accessKeyID: Secret
    package var secretAccessKey: Secret
    package var sessionToken: Secret?
    /// Whether the console answers with a link to the store instead of the content.
    package var redirects = false
    package var linkLifetime: Duration = .seconds(3600)
    package var singleByteCountMax = 96 << 20
    package var partByteCount = 16 << 20
    package var copyByteCountMin = 1 << 20

    package init(
        endpoint: String,
        name: String,
        accessKeyID: Secret,
        secretAccessKey: Secret
    ) {
        self.endpoint = endpoint
        self.name = name
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
    }

    /// The bucket's address; nil when a part of it cannot be used.
    package var bucket: S3Bucket? {
        S3Bucket(endpoint: endpoint, name: name, region: region, style: style)
    }

    package var credentials: S3Credentials? {
        S3Credentials(
            accessKeyID: accessKeyID.revealed,
            secretAccessKey: secretAccessKey.revealed,
            sessionToken: sessionToken?.revealed
        )
    }
}

/// What the journal allows.
package struct JournalSettings: Sendable, Hashable {
    /// Writes that may wait for the disk.
    package var pendingWriteCountMax = 8192
    /// Space that is kept on the disk so that, when it is full, work that runs can be brought to an
    /// end.
    package var reserveByteCount = 16 << 20
    /// How long the write-ahead log may get that somebody's reading holds.
    package var logByteCountMax = 4 << 30
}
