internal import ReelRuntime

/// The limits of a reconciler; every value is held within its range.
package struct ReconcilerConfiguration: Sendable, Hashable {
    /// What is done about a video in a provider's list that nobody told of.
    package enum Adoption: String, Sendable, Hashable, CaseIterable {
        /// It is followed like any other, if it is recent and can still be saved.
        case adopt
        case ignore
    }

    package var schedule: PollSchedule
    /// The calls under way at one provider.
    package var concurrency: Int
    /// From that many jobs due together on, a list is read instead of asking for each.
    package var listThreshold: Int
    /// Jobs due within that span count as due together.
    package var listSlack: Duration
    /// The videos of one page, from 1 to 100.
    package var pageSize: Int
    /// The pages read for a round of polls, and to look for videos that nobody told of.
    package var pollPageCountMax: Int
    package var sweepPageCountMax: Int
    /// How often the list is read to look for videos that nobody told of.
    package var sweepInterval: Duration
    /// Every how many such readings one goes down to the adoption age, and not to the last mark.
    package var fullSweepCount: Int
    /// How much older than the last reading the videos are that the next one still looks at: what
    /// clocks may differ by, and how long a list may lag behind.
    package var sweepOverlap: Duration
    package var adoption: Adoption
    /// The age up to which a video that nobody told of is adopted.
    package var adoptionAge: Duration
    /// After that time a job is given up.
    package var deadline: Duration
    /// A job is forgotten when the provider has not known it that many times in a row, and it is
    /// that old: a provider may take a moment to know what it has just accepted.
    package var notFoundCountMax: Int
    package var notFoundAge: Duration
    /// How long a webhook may come after the poll that was first.
    package var webhookGrace: Duration
    /// The waits while a provider is out: they double from the first to the longest.
    package var outageWaitFirst: Duration
    package var outageWaitLongest: Duration
    /// The longest wait that a refusing server may ask for.
    package var retryAfterLongest: Duration
    /// The shortest time between two looks at the journal's open jobs, and the longest.
    package var refreshInterval: Duration
    package var safetyInterval: Duration
    /// The open jobs kept in memory for one provider.
    package var openJobCountMax: Int

    package init(
        schedule: PollSchedule = PollSchedule(),
        concurrency: Int = 4,
        listThreshold: Int = 5,
        listSlack: Duration = .seconds(2),
        pageSize: Int = 100,
        pollPageCountMax: Int = 10,
        sweepPageCountMax: Int = 200,
        sweepInterval: Duration = .seconds(300),
        fullSweepCount: Int = 12,
        sweepOverlap: Duration = .seconds(600),
        adoption: Adoption = .adopt,
        adoptionAge: Duration = .seconds(86_400),
        deadline: Duration = .seconds(86_400),
        notFoundCountMax: Int = 3,
        notFoundAge: Duration = .seconds(60),
        webhookGrace: Duration = .seconds(10),
        outageWaitFirst: Duration = .seconds(2),
        outageWaitLongest: Duration = .seconds(20),
        retryAfterLongest: Duration = .seconds(300),
        refreshInterval: Duration = .seconds(1),
        safetyInterval: Duration = .seconds(10),
        openJobCountMax: Int = 10_000
    ) {
        self.schedule = schedule
        self.concurrency = min(max(concurrency, 1), 256)
        self.listThreshold = max(listThreshold, 1)
        self.listSlack = max(listSlack, .zero)
        self.pageSize = min(max(pageSize, 1), 100)
        self.pollPageCountMax = max(pollPageCountMax, 1)
        self.sweepPageCountMax = max(sweepPageCountMax, 1)
        self.sweepInterval = max(sweepInterval, .seconds(1))
        self.fullSweepCount = max(fullSweepCount, 1)
        self.sweepOverlap = max(sweepOverlap, .zero)
        self.adoption = adoption
        self.adoptionAge = max(adoptionAge, .zero)
        self.deadline = max(deadline, .seconds(1))
        self.notFoundCountMax = max(notFoundCountMax, 1)
        self.notFoundAge = max(notFoundAge, .zero)
        self.webhookGrace = max(webhookGrace, .zero)
        self.outageWaitFirst = max(outageWaitFirst, .milliseconds(100))
        self.outageWaitLongest = max(outageWaitLongest, self.outageWaitFirst)
        self.retryAfterLongest = max(retryAfterLongest, .zero)
        self.refreshInterval = max(refreshInterval, .milliseconds(10))
        self.safetyInterval = max(safetyInterval, self.refreshInterval)
        self.openJobCountMax = min(max(openJobCountMax, 1), 1_000_000)
    }

    /// The wait after the nth failure in a row, counted from 1.
    package func outageWait(_ failures: Int) -> Duration {
        var wait = outageWaitFirst
        for _ in 1..<min(max(failures, 1), 40) where wait < outageWaitLongest { wait *= 2 }
        return min(wait, outageWaitLongest)
    }
}
