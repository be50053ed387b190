import ReelHTTPServer
import ReelObservability
import ReelRuntime
import ReelSystem
import TestSupport
import Testing

struct TLSCredentialsTests {
    private func replace(_ path: String, by bytes: [UInt8]) throws {
        let file = try File.open(path + ".new", .createNew)
        try file.write(bytes)
        try FileSystem.rename(path + ".new", to: path, replacing: true)
    }

    /// Runs a body with credentials whose files it may change, and what says that they were
    /// looked at.
    private func withCredentials(
        _ body: (TLSCredentials, ManualTime, TestAuthority, TestAuthority.Issued, Metrics)
            async throws -> Void
    ) async throws {
        let authority = try TestAuthority()
        let issued = try authority.issue("server")
        let (metrics, pool) = (Metrics(), BlockingPool(threadCount: 1))
        defer { pool.close() }
        let time = ManualTime(now: SystemTimeSource().now())
        let credentials = try await TLSCredentials(
            TLSSettings(certificatePath: issued.certificatePath, keyPath: issued.keyPath),
            listener: "test",
            pool: pool,
            time: time,
            logger: Logger(sink: SilentSink(), level: .debug, time: time, component: "test"),
            metrics: metrics
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await credentials.run() }
            try await body(credentials, time, authority, issued, metrics)
            group.cancelAll()
        }
    }

    /// A pair that is good by the clock of the credentials, however long making it took.
    private func issue(
        _ name: String,
        by authority: TestAuthority,
        _ time: ManualTime
    ) throws -> TestAuthority.Issued {
        let issued = try authority.issue(name, days: 60)
        time.setWall(to: SystemTimeSource().now())
        return issued
    }

    private func reloads(_ metrics: Metrics, _ outcome: String) -> Int64 {
        metrics.counter(
            "reelhook_tls_certificate_reloads_total",
            help: "Changes of the certificate's files by what became of them.",
            labels: ["listener": "test", "outcome": outcome]
        ).value
    }

    @Test func `files that change are taken over at the next look, and only once`() async throws {
        try await withCredentials { credentials, time, authority, issued, metrics in
            let before = credentials.notAfter
            let next = try issue("next", by: authority, time)
            try replace(issued.keyPath, by: next.keyPEM)
            try replace(issued.certificatePath, by: next.certificatePEM)
            for _ in 0..<3 {
                await time.waitForSleepers()
                time.advance(by: .seconds(30))
            }
            while reloads(metrics, "replaced") == 0 { await Task.yield() }
            await time.waitForSleepers()
            #expect(credentials.notAfter > before)
            #expect(reloads(metrics, "replaced") == 1)
            #expect(reloads(metrics, "failed") == 0)
        }
    }

    @Test func `a half-written pair is passed over, and taken once it is whole`() async throws {
        try await withCredentials { credentials, time, authority, issued, metrics in
            let before = credentials.notAfter
            let next = try issue("next", by: authority, time)
            try replace(issued.certificatePath, by: next.certificatePEM)
            await time.waitForSleepers()
            time.advance(by: .seconds(30))
            while reloads(metrics, "failed") == 0 { await Task.yield() }
            #expect(credentials.notAfter == before)
            try replace(issued.keyPath, by: next.keyPEM)
            await time.waitForSleepers()
            time.advance(by: .seconds(30))
            while reloads(metrics, "replaced") == 0 { await Task.yield() }
            #expect(credentials.notAfter > before)
        }
    }

    @Test func `a certificate from tomorrow is taken tomorrow, and told of once`() async throws {
        try await withCredentials { credentials, time, authority, issued, metrics in
            let before = credentials.notAfter
            let next = try issue("next", by: authority, time)
            let today = time.now()
            time.setWall(to: today - .seconds(86_400))
            try replace(issued.keyPath, by: next.keyPEM)
            try replace(issued.certificatePath, by: next.certificatePEM)
            for _ in 0..<3 {
                await time.waitForSleepers()
                time.advance(by: .seconds(30))
            }
            await time.waitForSleepers()
            #expect(reloads(metrics, "failed") == 1)
            #expect(credentials.notAfter == before)
            time.setWall(to: today)
            time.advance(by: .seconds(30))
            while reloads(metrics, "replaced") == 0 { await Task.yield() }
            #expect(credentials.notAfter > before)
            #expect(reloads(metrics, "failed") == 1)
        }
    }

    @Test func `a word to look is heard although nothing has changed`() async throws {
        try await withCredentials { credentials, _, _, _, metrics in
            credentials.reload()
            while reloads(metrics, "replaced") == 0 { await Task.yield() }
            credentials.reload()
            while reloads(metrics, "replaced") == 1 { await Task.yield() }
        }
    }
}
