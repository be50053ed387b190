internal import ReelRuntime
package import ReelWebhooks

/// How the emulator behaves; the same configuration and seed give the same run.
package struct EmulatorConfiguration: Sendable {
    /// Where ends are told of.
    package struct Webhook: Sendable {
        package var url: String
        /// At least one; all of them sign, as during a rotation.
        package var secrets: [WebhookSecret]
        /// The waits between the attempts; one attempt more than there are waits is made.
        package var retryDelays: [Duration] = [
            .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16),
        ]
        /// The most that a receiver's `Retry-After` may lengthen a wait to.
        package var retryDelayMax: Duration = .seconds(30)
        /// How long a receiver may take to answer.
        package var timeout: Duration = .seconds(10)

        package init(url: String, secret: WebhookSecret) {
            self.url = url
            secrets = [secret]
        }
    }

    /// The address to listen on, a literal or a name.
    package var host = "127.0.0.1"
    /// 0 takes any free port.
    package var port: UInt16 = 0
    /// What clients must send one of as a bearer token; none lets everybody in.
    ///
    /// Each is the key of a project of its own, which knows the videos that were made with it and
    /// those that were there from the start.
    package var apiKeys: [String] = []
    /// Nil sends no webhooks, as most servers of this shape.
    package var webhook: Webhook?
    /// Decides ids, durations and which faults hit what.
    package var seed: UInt64

    /// How long a job takes on average; a fifth of it is spent in the queue.
    package var jobDuration: Duration = .seconds(2)
    /// By how much of it, from 0 to 1, a job may take longer or shorter.
    package var jobDurationSpread = 0.25
    /// How long the answer to a request for a new job is held back; the job goes on meanwhile.
    package var createDelay: Duration = .zero
    /// What a pending answer tells the client to wait in `openai-poll-after-ms`.
    package var pollAfter: Duration = .milliseconds(500)
    /// How long content can be downloaded after a job was completed.
    package var expireAfter: Duration = .seconds(3600)
    /// The smallest size of a video's file; the built-in film is padded up to it.
    package var contentByteCountMin = 0
    package var faults = EmulatorFaults()
    /// For how long from its start on the API answers everything with a 429.
    package var throttledFor: Duration = .zero
    /// Videos that are there from the start, completed.
    package var videoCount = 0

    /// The most jobs kept; beyond it the oldest is forgotten.
    package var jobCountMax = 10_000
    /// The most lines of the log kept, of requests and of webhook attempts each.
    package var logLineCountMax = 20_000
    /// The largest request body, uploaded files included.
    package var bodyByteCountMax = 64 << 20

    package init(seed: UInt64) {
        self.seed = seed
    }
}
