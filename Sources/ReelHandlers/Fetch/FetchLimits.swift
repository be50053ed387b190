/// What a fetch may take and how long it goes on.
package struct FetchLimits: Sendable, Hashable {
    /// The largest file.
    package var byteCountMax = 8 << 30
    /// One request for content, from its start to its last byte.
    package var transferTimeout: Duration = .seconds(1800)
    /// Progress is put on disk and recorded when both of these have passed since the last time.
    package var checkpointByteCount: Int64 = 4 << 20
    package var checkpointInterval: Duration = .seconds(1)
    /// Requests for one file in one attempt: the first, and those that go on after a cut.
    package var requestCountMax = 8
    /// How often a thumbnail or spritesheet is tried before it counts as absent.
    package var extraTries = 3
    /// How often the provider may say that it does not know the video, before the link's end.
    package var forgottenTries = 3
    /// How often content may be refused: by the provider, or by us as not the medium.
    package var refusedTries = 5
    /// Until a provider is asked again that called a video complete and now does not; it doubles
    /// from time to time, up to the longest.
    package var notReadyWait: Duration = .seconds(5)
    package var notReadyWaitMax: Duration = .seconds(300)
    /// Until our own disk is looked at again.
    package var diskFullWait: Duration = .seconds(60)
    /// The longest that a thumbnail or spritesheet holds up the chain between two tries.
    package var extraWaitMax: Duration = .seconds(10)
    /// How much before the end of the link waits are cut short.
    package var hurryBefore: Duration = .seconds(1200)
    /// How long after its end a link is still tried when our own clock alone says that it is dead:
    /// the clock may be wrong, and a provider that is out says nothing.
    package var expiryGrace: Duration = .seconds(3600)
    /// Whether a video that is not what was ordered is given up; it is kept and told of otherwise.
    package var refusesDifferences = false
    /// How much longer or shorter than ordered a video may be.
    package var durationTolerance: Duration = .milliseconds(500)

    package init() {}
}
