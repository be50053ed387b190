internal import ReelWebhooks
internal import Reelhook

/// How the simulated service is configured: by a file, as a user does it.
enum Settings {
    // A secret of the simulated world; the checks look for it in every line of the log.
    static let deliverySecret = "whsec_c2ltdWxhdGVkLXNlY3JldC1vZi1kZWxpdmVyaWVz"
    static let notificationSecret = "whsec_c2ltdWxhdGVkLXNlY3JldC1vZi1ub3RpY2VzLi4u"
    static let key = "sk-simulated-key-of-a-provider"

    static func configuration(
        lease: Int,
        concurrency: Int,
        sweepSeconds: Int,
        safetySeconds: Int
    ) throws -> Configuration {
        let text = """
            {
              data: "/data",
              log: { level: "info" },
              providers: [{
                name: "openai", base_url: "https://provider.test/v1", api_key: "\(key)",
              }],
              endpoints: [{
                name: "openai", provider: "openai", secrets: ["\(deliverySecret)"],
              }],
              chains: [
                { name: "completed", on: ["video.completed"], steps: [
                  { fetch: {} }, { store: {} }, \(notify), \(besides),
                ] },
                { name: "command", on: ["video.completed", "video.progress"], steps: [
                  { run: { command: ["/bin/after"] }, time_limit_seconds: 30,
                    retry: { attempts: 4, base_ms: 500, cap_seconds: 20 } },
                ] },
                { name: "failed", on: ["video.failed"], steps: [\(notify)] },
              ],
              dispatch: { concurrency_max: \(concurrency), lease_seconds: \(lease) },
              journal: { reserve_bytes: 65536 },
              polling: { deadline_seconds: 7200, list_interval_seconds: \(sweepSeconds) },
              fetch: { reserve_bytes: 1048576, transfer_timeout_seconds: 600 },
            }
            """
        var flags = Configuration.Flags()
        flags.configurationFile = "/settings.json"
        var configuration = try Configuration.load(
            flags: flags,
            environment: [:],
            readFile: { _ in text }
        )
        // The films are small, and yet they are to be cut in the middle.
        configuration.fetch.checkpointByteCount = 8 << 10
        configuration.dispatch.safetyInterval = .seconds(safetySeconds)
        return configuration
    }

    private static let notify = """
        { notify: { url: "https://target.test/hook", secrets: ["\(notificationSecret)"] },
          retry: { attempts: 12, base_ms: 1000, cap_seconds: 300 }, time_limit_seconds: 60 }
        """

    /// Whoever is told besides, by another path of the same receiver.
    private static let besides = """
        { name: "notify-besides",
          notify: { url: "https://target.test/besides", secrets: ["\(notificationSecret)"] },
          retry: { attempts: 12, base_ms: 1000, cap_seconds: 300 }, time_limit_seconds: 60 }
        """
}
