package import ReelCrypto
package import ReelObservability
package import ReelRuntime
package import ReelSystem

/// A listener's certificate and key, read from files and read again when they change.
///
/// New connections are served with what was read last; those that are open keep what they began
/// with. What cannot be used is logged and counted, and the old is kept.
package final class TLSCredentials: Sendable {
    /// What is in use, and the state of the files that was looked at last.
    private struct State {
        var context: TLSContext
        var identity: TLSIdentity
        var seen: [FileIdentity?]
        /// Why what was looked at last is not in use, if it is not.
        var refusal: String?
    }

    package let settings: TLSSettings
    let metrics: TLSMetrics
    private let state: Locked<State>
    private let ticketKeys: TLSTicketKeys
    private let pool: BlockingPool
    private let time: any TimeSource
    private let logger: Logger
    private let bell: AsyncStream<Void>.Continuation
    private let rings: AsyncStream<Void>

    /// Reads the files.
    ///
    /// - Throws: Which file cannot be used, and why.
    package init(
        _ settings: TLSSettings,
        listener: String,
        pool: BlockingPool,
        time: any TimeSource,
        logger: Logger,
        metrics: Metrics
    ) async throws(TLSCredentialsError) {
        self.settings = settings
        self.metrics = TLSMetrics(metrics, listener: listener)
        self.pool = pool
        self.time = time
        self.logger = logger.named("tls").with(["listener": .string(listener)])
        let keys = TLSTicketKeys(time: time)
        ticketKeys = keys
        // One unread word to look again says all.
        (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let now = time.now()
        let state = try await pool.run { () throws(TLSCredentialsError) in
            try Self.load(settings, keys, at: now)
        }
        self.state = Locked(state)
        self.metrics.serving(until: state.identity.notAfter)
    }

    /// The context for the next connection.
    var context: TLSContext { state.withLock { $0.context } }

    /// When the certificate in use expires.
    package var notAfter: Timestamp { state.withLock { $0.identity.notAfter } }

    /// Looks at the files again soon, whatever their dates say; from any thread.
    package func reload() {
        // The one unread word that fits is as good as two.
        _ = bell.yield()
    }

    /// Watches the files until the task is cancelled.
    package func run() async {
        await withTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    guard (try? await self.time.sleep(for: self.settings.checkInterval)) != nil
                    else { return }
                    await self.check(evenIfUnchanged: false)
                }
            }
            group.addTask {
                for await _ in self.rings { await self.check(evenIfUnchanged: true) }
            }
            await group.waitForAll()
        }
    }

    /// Takes over what the files hold if it is new.
    private func check(evenIfUnchanged: Bool) async {
        let (settings, keys, now) = (settings, ticketKeys, time.now())
        let seen = await pool.run { Self.identities(settings) }
        let (isChanged, refusal) = state.withLock { state in
            defer { state.seen = seen }
            return (state.seen != seen || evenIfUnchanged, state.refusal)
        }
        // A certificate that was refused may be good by now: its time may have come.
        guard isChanged || refusal != nil else { return }
        do throws(TLSCredentialsError) {
            let loaded = try await pool.run { () throws(TLSCredentialsError) in
                try Self.load(settings, keys, at: now)
            }
            state.withLock { $0 = loaded }
            metrics.serving(until: loaded.identity.notAfter)
            metrics.reloaded()
            logger.info(
                "certificate replaced",
                ["not_after": .string(loaded.identity.notAfter.description)]
            )
        } catch {
            let reason = error.description
            state.withLock { $0.refusal = reason }
            guard isChanged || refusal != reason else { return }
            metrics.keptOld()
            logger.error("certificate not replaced", ["reason": .string(reason)])
        }
    }

    private static func identities(_ settings: TLSSettings) -> [FileIdentity?] {
        [settings.certificatePath, settings.keyPath].map { try? FileSystem.identity($0) }
    }

    private static func load(
        _ settings: TLSSettings,
        _ ticketKeys: TLSTicketKeys,
        at now: Timestamp
    ) throws(TLSCredentialsError) -> State {
        // Looked at before they are read: a change in between is seen as one the next time.
        let seen = identities(settings)
        let identity = try TLSIdentity(
            reading: settings.certificatePath,
            keyPath: settings.keyPath
        )
        do throws(TLSError) {
            try identity.check(at: now)
            let context = try TLSContext(
                serving: identity,
                oldestVersion: settings.oldestVersion,
                ticketKeys: ticketKeys
            )
            return State(context: context, identity: identity, seen: seen)
        } catch {
            throw .unusable(path: settings.certificatePath, error)
        }
    }
}

extension TLSIdentity {
    /// Reads both files, each of at most 1 MiB; blocks.
    ///
    /// - Throws: Which of them is at fault.
    package convenience init(
        reading certificatePath: String,
        keyPath: String
    ) throws(TLSCredentialsError) {
        let certificate = try Self.bytes(certificatePath)
        var key = try Self.bytes(keyPath)
        defer { wipe(&key) }
        do throws(TLSError) {
            try self.init(certificatePEM: certificate, keyPEM: key)
        } catch {
            let isKeys = [.keyMalformed, .keyEncrypted, .keyMismatch].contains(error)
            throw .unusable(path: isKeys ? keyPath : certificatePath, error)
        }
    }

    private static func bytes(_ path: String) throws(TLSCredentialsError) -> [UInt8] {
        do throws(SystemError) {
            return try FileSystem.read(path, byteCountMax: 1 << 20)
        } catch {
            throw .unreadable(path: path, error)
        }
    }
}
