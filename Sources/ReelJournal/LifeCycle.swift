/// Where an event stands. The table that code, SQL and docs share:
///
/// | state | who moves it there | next |
/// |---|---|---|
/// | `pending` | the append | `running`, `unhandled` |
/// | `running` | the dispatcher, when it claims a run | `waiting`, `done`, `dead` |
/// | `waiting` | the dispatcher, when a step is to be tried again later | `running` |
/// | `done` | the dispatcher, when every step of every run is done | - |
/// | `dead` | the dispatcher, when a step gave up | `waiting` by retry, `discarded` |
/// | `discarded` | an operator, with a reason | - |
/// | `unhandled` | the append or the dispatcher: no chain takes it | - |
/// | `duplicate` | the append: the fact stands in an earlier entry | - |
/// | `contradicted` | the append: the video came to the other end before | - |
package enum EventState: String, Hashable, Sendable, CaseIterable {
    case pending
    case running
    case waiting
    case done
    case dead
    case discarded
    case unhandled
    case duplicate
    case contradicted
}

/// Where a run (one event in one chain) and a step of it stand.
///
/// | state | who moves it there | next |
/// |---|---|---|
/// | `pending` | the plan | `running` |
/// | `running` | a claim, with a lease and a fencing token | `waiting`, `done`, `dead`, `pending` when released |
/// | `waiting` | the claim's owner: due again at a moment | `running` |
/// | `done` | the claim's owner | - |
/// | `dead` | the claim's owner: gave up, with a reason | `waiting` by retry, `discarded` |
/// | `discarded` | an operator, with a reason | - |
package enum RunState: String, Hashable, Sendable, CaseIterable {
    case pending
    case running
    case waiting
    case done
    case dead
    case discarded
}

/// Where the remembered job of a video stands; `completed` and `failed` do not go back.
///
/// | state | who moves it there | next |
/// |---|---|---|
/// | `open` | the console, `videos track`, a list read back, an event of a video not known yet | all below |
/// | `completed` | the first observation or webhook that says so | `deleted` |
/// | `failed` | the same | `deleted` |
/// | `lost` | the poller: the provider forgot it, or the deadline is over | `completed`, `failed` |
/// | `deleted` | the console | - |
package enum JobState: String, Hashable, Sendable, CaseIterable {
    case open
    case completed
    case failed
    case lost
    case deleted
}

/// Where one file of a video stands.
///
/// | state | who moves it there | next |
/// |---|---|---|
/// | `pending` | the fetch, before the first byte | `partial`, `fetched`, `absent`, `lost` |
/// | `partial` | the fetch, when it was cut: offset and ETag are kept | `fetched`, `pending`, `lost` |
/// | `fetched` | the fetch: whole, checked, on disk, not under its final name | `stored`, `pending` |
/// | `stored` | the store: under its final name | - |
/// | `absent` | the fetch: the provider does not have this variant | - |
/// | `lost` | the fetch: the link died first; the reason says so | - |
package enum AssetState: String, Hashable, Sendable, CaseIterable {
    case pending
    case partial
    case fetched
    case stored
    case absent
    case lost
}
