package import ReelAssets
package import ReelHTTPClient
package import ReelJournal
package import ReelJournalSQLite
package import ReelObservability
package import ReelRuntime
package import ReelSystem

/// What a service stands on besides time and chance: files, network, threads and programs.
///
/// It is the machine's own unless a simulation hands in another.
package struct Machine: Sendable {
    /// Makes what requests to other servers go through; whoever made it stops it.
    package typealias MakeTransport =
        @Sendable (HTTPClientConfiguration, any TimeSource, Metrics) -> any HTTPTransport
    /// Opens the journal at a path, which the caller closes.
    package typealias OpenJournal =
        @Sendable (String, SQLiteJournalConfiguration, Logger, Metrics, any TimeSource)
        throws(JournalError) -> any JournalDriver

    /// Where files are fetched to and stored.
    package var disk: any Disk = SystemDisk()
    /// Where calls to the disk are made.
    package var workers: any WorkPlace = ThreadPlace()
    package var makeTransport: MakeTransport = {
        HTTPClient(configuration: $0, time: $1, metrics: $2)
    }
    package var openJournal: OpenJournal = { path, settings, logger, metrics, time in
        try SQLiteJournalDriver.open(
            path: path,
            configuration: settings,
            logger: logger,
            metrics: metrics,
            time: time
        )
    }
    package var runCommand: CommandRunner = ChildProcess.run

    package init() {}
}
