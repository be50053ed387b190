internal import ReelEvents
internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelObservability
internal import ReelRuntime
internal import ReelSystem
internal import Reelhook

/// One run of the whole service in a world of its own, from one seed.
final class Simulation: @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let world: World
    let storage: Storage
    let provider: SimulatedProvider
    let network: SimulatedNetwork
    let oracle: Oracle
    let target: Target
    let deliveries: Deliveries
    private let random: WorldRandom
    private let configuration: Configuration
    private let checkpointByteCount: Int
    private let slowness: Double
    private let hasTwoDispatchers: Bool
    private(set) var process: SimulatedProcess?
    var chance: Chance
    /// What is drawn of the time after everything is over.
    var age: Chance
    /// How long second dispatchers are at work.
    private var relief: Chance
    /// What is drawn of what is kept for a short time, and that itself.
    var keep: Chance
    let brevity: Brevity?
    var isCalm = false
    private(set) var crashCount = 0
    private(set) var startCount = 0
    private var cutsPowerNext = false
    /// How often commands fail, how often a handler dawdles, and how often whoever works on an
    /// event comes to stand still.
    var commandFailure = 0.0
    var dawdling = 0.0
    var stalling = 0.0
    /// Crashes that wait for their moment.
    var ambushes: [Ambush] = []
    let leaseSeconds: Int
    let sweepSeconds: Int
    private let readerCount: Int

    init(seed: UInt64, isTold: Bool) throws {
        world = World(seed: seed)
        world.isTold = isTold
        storage = Storage(world)
        provider = SimulatedProvider(world)
        network = SimulatedNetwork(world)
        oracle = Oracle(world)
        target = Target(world, oracle, storage)
        deliveries = try Deliveries(world, oracle)
        random = WorldRandom(seed: seed)
        chance = Chance(seed: seed, stream: 9)
        age = Chance(seed: seed, stream: 12)
        relief = Chance(seed: seed, stream: 13)
        keep = Chance(seed: seed, stream: 14)
        brevity = Brevity(&keep)
        leaseSeconds = [5, 20, 60][chance.below(3)]
        sweepSeconds = [30, 300][chance.below(2)]
        var configuration = try Settings.configuration(
            lease: leaseSeconds,
            concurrency: chance.within(1...8),
            sweepSeconds: sweepSeconds,
            safetySeconds: [5, 20, 60][chance.below(3)]
        )
        brevity?.apply(to: &configuration)
        self.configuration = configuration
        oracle.departures.spans = configuration.retention
        oracle.departures.files = configuration.fileRetention
        readerCount = chance.within(1...2)
        checkpointByteCount = [32 << 10, 256 << 10, 16 << 20][chance.below(3)]
        slowness = [0, 0.02, 0.2][chance.below(3)]
        hasTwoDispatchers = chance.happens(0.5)
        network.servers = [
            ("provider.test", provider.answer), ("target.test", target.answer),
        ]
        SimulatedVFS.use(storage)
        connect()
    }

    private func connect() {
        storage.whenDeadly = { [unowned self] in crash(cuttingPower: chance.happens(0.6)) }
        oracle.whenReached = { [unowned self] in spring($0) }
        oracle.isSafe = { [unowned self] place, sha256 in
            storage.safeNode("/data/videos/" + place)?.isSafe(with: sha256) ?? false
        }
        oracle.isGone = { [unowned self] video in
            storage.safeNode("/data/videos/" + video)?.durableEntries.isEmpty ?? true
        }
        oracle.isUnknownThere = { [unowned self] video in !provider.knows(video) }
        network.whenAsked = { [unowned self] request in
            guard request.method == .get else { return }
            oracle.keepsPace("requests for \(request.url)")
        }
        deliveries.post = { [unowned self] request, answered in post(request, answered) }
        provider.whenCreated = { [unowned self] video in announce(video) }
        world.beforeStep = { [unowned self] in
            if let process, !process.isAlive { clear(process) }
        }
    }

    // MARK: Lives

    /// Starts the service, unless it runs.
    func boot() {
        guard process == nil else { return }
        startCount += 1
        let process = SimulatedProcess(world, storage, slowness: slowness)
        self.process = process
        storage.process = process
        oracle.processEnded()
        world.note("start \(startCount)")
        process.life = process.place.start { [self] in await live(process) }
    }

    private func live(_ process: SimulatedProcess) async {
        let beganInCalm = isCalm
        do {
            let core = try await open(process)
            guard process.isAlive else { return }
            process.core = core
            checkFiles()
            await work(process, core)
            await core.close()
            world.note("stopped")
        } catch {
            world.note("start failed: \(error)")
            oracle.expect(!beganInCalm, "the service does not start: \(error)")
        }
        process.die()
    }

    private func work(_ process: SimulatedProcess, _ core: ServiceCore) async {
        let second =
            hasTwoDispatchers
            ? process.secondPlace.start { [self] in await dispatchBeside(process, core) } : nil
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await core.dispatch() }
                group.addTask { try? await core.reconcile() }
                group.addTask { await self.lookAfter(core, in: process) }
                group.addTask { try? await core.replay() }
                await group.waitForAll()
            }
            await second?.value
        } onCancel: {
            second?.cancel()
        }
    }

    /// A second dispatcher, which may be relieved by the next while it still drains.
    private func dispatchBeside(_ process: SimulatedProcess, _ core: ServiceCore) async {
        var shifts: [Task<Void, Never>] = []
        repeat {
            let shift = process.secondPlace.start { try? await core.dispatch() }
            shifts.append(shift)
            let span: Duration =
                relief.happens(0.6) ? relief.span(200...40_000) : .seconds(86_400)
            try? await process.time.sleep(for: span)
            world.note("the second dispatcher is relieved")
            shift.cancel()
        } while !Task.isCancelled
        for shift in shifts { await shift.value }
    }

    private func open(_ process: SimulatedProcess) async throws -> ServiceCore {
        var machine = Machine()
        machine.disk = SimulatedDisk(process: process)
        machine.workers = SimulatedWorkers(process: process)
        machine.makeTransport = { _, _, _ in SimulatedTransport(self.network, process) }
        machine.runCommand = { await self.run($0, process) }
        machine.openJournal = { (path, settings, logger, metrics, time) throws(JournalError) in
            var settings = settings
            settings.checkpointByteCount = self.checkpointByteCount
            settings.walByteCountMax = 4 * self.checkpointByteCount
            settings.cacheByteCount = 1 << 20
            if self.brevity != nil { settings.spareByteCount = 0 }
            // Every commit on its way while the next is made, in half of the worlds.
            if self.world.seed.isMultiple(of: 2) { settings.handoverCount = 1 }
            settings.readerCount = self.readerCount
            let driver = try SQLiteJournalDriver.open(
                path: path,
                configuration: settings,
                logger: logger,
                metrics: metrics,
                time: time,
                ground: SQLiteGround(
                    workers: SimulatedWorkers(process: process),
                    files: SimulatedJournalFiles(process: process)
                )
            )
            return WatchedDriver(inner: driver, process: process, oracle: self.oracle)
        }
        return try await ServiceCore.open(
            configuration,
            on: machine,
            time: process.time,
            random: random,
            sink: WatchedLog(oracle: oracle, process: process),
            metrics: Metrics(),
            wrap: { chains in
                WatchedHandler.chains(chains, process, oracle) { [self] event, isSecond in
                    stall(event, isSecond, process)
                    return dawdle()
                }
            }
        )
    }

    private func dawdle() -> Duration {
        guard chance.happens(dawdling) else { return .zero }
        return chance.span(1_000...120_000)
    }

    /// The process dies, at once; what it was in the midst of is never ended.
    func crash(cuttingPower: Bool) {
        guard let process, process.isAlive else { return }
        crashCount += 1
        cutsPowerNext = cuttingPower
        world.note(cuttingPower ? "the power goes" : "killed")
        world.trace.note(6, cuttingPower ? 1 : 0)
        process.die()
    }

    /// Takes away what is left of a process.
    private func clear(_ process: SimulatedProcess) {
        storage.process = nil
        process.bury()
        Graveyard.keep(process)
        self.process = nil
        storage.restart(afterPowerCut: cutsPowerNext)
        cutsPowerNext = false
        oracle.processEnded()
        checkFiles()
        world.after(chance.span(50...8_000)) { [self] in boot() }
    }

    /// Lets go of what takes much memory, when the run is over.
    func clear() {
        storage.clear()
        oracle.whenReached = nil
        oracle.clear()
    }

    func stop() { process?.life?.cancel() }

    /// Lets what works on an event stand still soon, mostly for longer than its lease.
    private func stall(_ event: Event, _ isSecond: Bool, _ process: SimulatedProcess) {
        guard process.isAlive, stalling > 0, chance.happens(stalling) else { return }
        guard isSecond || chance.happens(0.1) else { return }
        let span = Duration.milliseconds(chance.within(500 * leaseSeconds...4_000 * leaseSeconds))
        world.after(chance.span(0...400), process.place) { [self] in
            world.note("whoever works on event \(event.sequence) stands still for \(span)")
            pause(whole: !isSecond, for: span)
        }
        guard chance.happens(0.5), let id = event.videoID?.rawValue else { return }
        world.after(chance.span(0...2_000)) { [self] in provider.renew(id) }
    }

    /// Something of the service stands still for a while.
    func pause(whole: Bool, for span: Duration) {
        guard let process else { return }
        oracle.hasStoodStill = true
        process.secondPlace.pause(for: span)
        if whole { process.place.pause(for: span) }
    }

    // MARK: What it is asked

    private func post(_ request: HTTPRequest, _ answered: @escaping (Int?) -> Void) {
        guard let process, process.isAlive, let core = process.core else { return answered(nil) }
        let answered = Unchecked(answered)
        process.place.start {
            let response = await core.intake(request, .local("sender"))
            guard process.isAlive else { return }
            answered.value(response.status.code)
        }
    }

    /// Asks as a command or the console does.
    func ask(_ path: String, _ body: String, _ method: HTTPMethod = .post) {
        guard let process, process.isAlive, let core = process.core,
            let target = HTTPTarget(path)
        else { return }
        let request = HTTPRequest(
            method: method,
            target: target,
            fields: ["Content-Type": "application/json"],
            body: Array(body.utf8)
        )
        process.place.start { [self] in
            let response = await core.control(request, .local("unix"))
            guard process.isAlive else { return }
            world.trace.note(7, Int64(response.status.code))
            if path == "/v1/videos", response.status.code == 200 { noteCreation(response) }
        }
    }
}

/// What a closure is wrapped in to cross into a task of the same thread.
private struct Unchecked<Value>: @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let value: Value

    init(_ value: Value) { self.value = value }
}

/// Keeps what tasks that never end refer to.
enum Graveyard {
    private final class Kept: @unchecked Sendable {
        // SAFETY: worlds run on one thread, one after the other.
        var objects: [AnyObject] = []
    }

    private static let kept = Kept()

    static func keep(_ object: AnyObject) { kept.objects.append(object) }
}
