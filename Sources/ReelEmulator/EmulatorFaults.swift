/// How often the emulator misbehaves, and in which way; everything is off by default.
///
/// Each is the chance that one webhook, one answer or one video is hit. Which ones are hit follows
/// from the seed and from what is asked for, so that a run can be repeated.
package struct EmulatorFaults: Sendable, Hashable {
    // Webhooks, drawn once for each end of a video.

    /// No webhook is sent.
    package var dropWebhooks = Probability.never
    /// The webhook is sent twice under the same `webhook-id`.
    package var duplicateWebhooks = Probability.never
    /// A second webhook tells of the same end under another `webhook-id` and event id.
    package var duplicateEvents = Probability.never
    /// The webhook is held back for `delay`.
    package var delayWebhooks = Probability.never
    /// The webhook is held back for up to twice a job's duration, so that later ones overtake it.
    package var reorderWebhooks = Probability.never

    // Answers of the API, drawn for each request.

    /// 500 in the error envelope.
    package var serverErrors = Probability.never
    /// 429 with `Retry-After`.
    package var rateLimits = Probability.never
    /// A job is made, and the answer is a 502 all the same.
    package var lostAnswers = Probability.never
    /// Status 200 with a page of HTML.
    package var htmlAnswers = Probability.never
    /// A request for a new job that comes as JSON is refused with 415.
    package var multipartOnly = Probability.never
    /// A list says neither its first id nor its last.
    package var namelessLists = Probability.never
    /// A video is not deleted: 403.
    package var refusedDeletions = Probability.never

    // Content, drawn for each request.

    /// The connection is closed in the middle of the body, after the whole `Content-Length`.
    package var cutTransfers = Probability.never
    /// The body stops in the middle, and the connection stays open for `stall`.
    package var stalledTransfers = Probability.never
    /// The body is written at `slowBytesPerSecond`.
    package var slowTransfers = Probability.never
    /// `Content-Length` counts only a part of the file, so that a well-framed answer is not whole.
    package var shortLengths = Probability.never
    /// `Content-Length` counts more than the file has, so that a whole one looks cut.
    package var longLengths = Probability.never
    /// A page of HTML under the content type of the file.
    package var htmlContent = Probability.never
    /// The entity tag is another one from this request on.
    package var changedTags = Probability.never
    /// A range is answered with 200 and the whole.
    package var ignoredRanges = Probability.never
    /// The file is at another host, which a redirect leads to; it refuses whoever sends it a key.
    package var redirectedContent = Probability.never

    // Videos, drawn once for each.

    /// The job is forgotten half-way: 404 from then on, and no webhook.
    package var forgottenJobs = Probability.never
    /// The thumbnail or the spritesheet, drawn one by one, does not exist.
    package var missingVariants = Probability.never
    /// The film has neither the duration nor the size that was ordered.
    package var otherFilms = Probability.never
    /// The job ends as `failed`.
    package var failedJobs = Probability.never
    /// While it is not done, the job is in states that nobody wrote down.
    package var unknownStates = Probability.never
    /// The film and what is said of it are the shortest, whatever was ordered.
    package var shorterFilms = Probability.never

    // How much.

    /// How long a delayed webhook is held back.
    package var delay: Duration = .seconds(5)
    /// How far a cut transfer gets, from 0 to 1; nil leaves it to chance.
    package var cutPlace: Double?
    /// How long a stalled body keeps its connection.
    package var stall: Duration = .seconds(60)
    /// What a slow body lets through.
    package var slowBytesPerSecond = 20_000
    /// What a rate limit tells the client to wait, in whole seconds.
    package var retryAfterSeconds = 1
    /// The most answers in a row that are spoiled on one route of one video, unless the chance
    /// is 1; a client that tries once more than this gets through.
    package var runLengthMax = 3

    package init() {}
}

extension EmulatorFaults {
    /// The chances by the names that the command line (after `--`, hyphens for underscores) and
    /// the control surface use.
    package static let names: [(name: String, path: any Path)] = [
        ("drop_webhooks", \EmulatorFaults.dropWebhooks),
        ("duplicate", \EmulatorFaults.duplicateWebhooks),
        ("duplicate_events", \EmulatorFaults.duplicateEvents),
        ("delay", \EmulatorFaults.delayWebhooks),
        ("reorder", \EmulatorFaults.reorderWebhooks),
        ("http_500", \EmulatorFaults.serverErrors),
        ("http_429", \EmulatorFaults.rateLimits),
        ("lose_answer", \EmulatorFaults.lostAnswers),
        ("html", \EmulatorFaults.htmlAnswers),
        ("multipart_only", \EmulatorFaults.multipartOnly),
        ("no_last_id", \EmulatorFaults.namelessLists),
        ("refuse_delete", \EmulatorFaults.refusedDeletions),
        ("cut", \EmulatorFaults.cutTransfers),
        ("stall", \EmulatorFaults.stalledTransfers),
        ("slow", \EmulatorFaults.slowTransfers),
        ("short_length", \EmulatorFaults.shortLengths),
        ("long_length", \EmulatorFaults.longLengths),
        ("html_content", \EmulatorFaults.htmlContent),
        ("change_etag", \EmulatorFaults.changedTags),
        ("ignore_range", \EmulatorFaults.ignoredRanges),
        ("redirect_content", \EmulatorFaults.redirectedContent),
        ("forget", \EmulatorFaults.forgottenJobs),
        ("missing_variant", \EmulatorFaults.missingVariants),
        ("other_film", \EmulatorFaults.otherFilms),
        ("shorter_film", \EmulatorFaults.shorterFilms),
        ("fail_rate", \EmulatorFaults.failedJobs),
        ("unknown_state", \EmulatorFaults.unknownStates),
    ]

    /// Where in the faults a chance stands.
    package typealias Path = WritableKeyPath<EmulatorFaults, Probability> & Sendable
}
