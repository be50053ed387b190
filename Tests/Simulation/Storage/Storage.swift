internal import Glibc

/// Why a call to the simulated kernel failed, by errno.
struct DiskFault: Error {
    let number: Int32
}

/// The disk of the simulated machine, which outlives its processes.
///
/// Names and contents are on disk only after a sync of the directory or the file. A power cut keeps
/// any part of what was not synchronised; changes of names come about in their order, a rename as
/// one.
final class Storage {
    /// What is done to the disk, as the weather and the trace tell it apart.
    enum Call: Int64 {
        case read, write, synchronize, name, look
    }

    private struct Renaming {
        let changes: [(directory: Node, name: String, node: Node?)]

        func settle() {
            for change in changes { change.directory.durableEntries[change.name] = change.node }
        }
    }

    let world: World
    let root = Node(isDirectory: true)
    var weather = Weather()
    private var chance: Chance
    private var names: [Renaming] = []
    /// Where the paths lead that were asked for.
    private var ways: [String: [String]] = [:]
    /// Who may call; nobody while the machine is down.
    weak var process: SimulatedProcess?
    private(set) var generation = 0
    private(set) var callCount = 0
    /// The call at which the process dies.
    var deadlyCall: Int?
    /// Whether it waits until it is a sync.
    var isDeadlyToSync = false
    /// Called when it does.
    var whenDeadly: (() -> Void)?
    private(set) var usedByteCount = 0
    /// Whether a power cut leaves nothing that was not synchronised.
    var losesAll = false

    /// What goes wrong with the disk for now.
    struct Weather {
        var readFailure = 0.0
        var writeFailure = 0.0
        var syncFailure = 0.0
        var nameFailure = 0.0
        var capacity = 512 << 20
    }

    init(_ world: World) {
        self.world = world
        chance = Chance(seed: world.seed, stream: 2)
    }

    // MARK: Every call comes through here

    func admit(_ call: Call, _ caller: SimulatedProcess?) throws(DiskFault) {
        guard let caller, caller === process, caller.isAlive else {
            throw DiskFault(number: EIO)
        }
        callCount += 1
        world.trace.note(3, call.rawValue)
        if let deadlyCall, callCount >= deadlyCall, !isDeadlyToSync || call == .synchronize {
            self.deadlyCall = nil
            whenDeadly?()
            throw DiskFault(number: EIO)
        }
        let probability =
            switch call {
            case .read: weather.readFailure
            case .write: weather.writeFailure
            case .synchronize: weather.syncFailure
            case .name: weather.nameFailure
            case .look: 0.0
            }
        if probability > 0, chance.happens(probability) { throw DiskFault(number: EIO) }
    }

    // MARK: Files

    func write(
        _ node: Node,
        _ bytes: some Collection<UInt8>,
        at offset: Int,
        _ caller: SimulatedProcess?
    ) throws(DiskFault) {
        do {
            try admit(.write, caller)
        } catch {
            // A write that fails may have written some of it.
            if caller?.isAlive == true, chance.happens(0.5) {
                node.write(bytes.prefix(chance.below(bytes.count + 1)), at: offset)
            }
            throw error
        }
        let growth = max(offset + bytes.count - node.bytes.count, 0)
        guard growth == 0 || usedByteCount + growth <= weather.capacity else {
            throw DiskFault(number: ENOSPC)
        }
        usedByteCount += growth
        node.write(bytes, at: offset)
        node.modifiedAt = world.trueMilliseconds
    }

    func truncate(
        _ node: Node,
        to count: Int,
        _ caller: SimulatedProcess?
    ) throws(DiskFault) {
        try admit(.write, caller)
        usedByteCount += count - node.bytes.count
        node.truncate(to: count)
        node.modifiedAt = world.trueMilliseconds
    }

    func synchronize(_ node: Node, _ caller: SimulatedProcess?) throws(DiskFault) {
        let wasAlive = caller?.isAlive ?? false
        do {
            try admit(.synchronize, caller)
        } catch {
            // Of a process that dies meanwhile nobody is left to hear that it failed.
            if wasAlive, caller?.isAlive == true || chance.happens(0.5) {
                node.synchronizeInVain(&chance)
            }
            throw error
        }
        node.synchronize()
    }

    var freeByteCount: Int { max(weather.capacity - usedByteCount, 0) }

    // MARK: Names

    /// The node of an absolute path; nil where there is none.
    func node(_ path: String) -> Node? {
        node(parts(of: path)[...])
    }

    private func node(_ parts: ArraySlice<String>) -> Node? {
        var node = root
        for part in parts {
            guard let next = node.entries[part] else { return nil }
            node = next
        }
        return node
    }

    /// The names that a path leads through.
    private func parts(of path: String) -> [String] {
        if let known = ways[path] { return known }
        var parts: [String] = []
        for part in path.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        ways[path] = parts
        return parts
    }

    /// What a path would be after a power cut at once, with nothing kept that is not safe.
    func safeNode(_ path: String) -> Node? {
        var node = root
        for part in parts(of: path) {
            guard let next = node.durableEntries[part] else { return nil }
            node = next
        }
        return node
    }

    private func place(_ path: String) throws(DiskFault) -> (directory: Node, name: String) {
        let parts = parts(of: path)
        guard let name = parts.last, let directory = node(parts.dropLast()), directory.isDirectory
        else { throw DiskFault(number: ENOENT) }
        return (directory, name)
    }

    private func change(_ changes: [(directory: Node, name: String, node: Node?)]) {
        for change in changes { change.directory.entries[change.name] = change.node }
        names.append(Renaming(changes: changes))
    }

    func open(
        _ path: String,
        creating: Bool,
        exclusive: Bool = false,
        _ caller: SimulatedProcess?
    ) throws(DiskFault) -> Node {
        try admit(creating ? .name : .look, caller)
        let (directory, name) = try place(path)
        if let node = directory.entries[name] {
            if exclusive { throw DiskFault(number: EEXIST) }
            if node.isDirectory { throw DiskFault(number: EISDIR) }
            if node.linkTarget != nil { throw DiskFault(number: ELOOP) }
            return node
        }
        guard creating else { throw DiskFault(number: ENOENT) }
        let node = Node(isDirectory: false)
        node.modifiedAt = world.trueMilliseconds
        change([(directory, name, node)])
        return node
    }

    func makeDirectory(_ path: String, _ caller: SimulatedProcess?) throws(DiskFault) {
        try admit(.name, caller)
        var directory = root
        for part in parts(of: path) {
            if let next = directory.entries[part] {
                guard next.isDirectory else { throw DiskFault(number: ENOTDIR) }
                directory = next
            } else {
                let next = Node(isDirectory: true)
                change([(directory, part, next)])
                directory = next
            }
        }
    }

    func rename(
        _ from: String,
        to target: String,
        replacing: Bool,
        _ caller: SimulatedProcess?
    ) throws(DiskFault) {
        try admit(.name, caller)
        let (source, name) = try place(from)
        let (directory, newName) = try place(target)
        guard let node = source.entries[name] else { throw DiskFault(number: ENOENT) }
        if let old = directory.entries[newName] {
            guard replacing else { throw DiskFault(number: EEXIST) }
            usedByteCount -= old.bytes.count
        }
        change([(source, name, nil), (directory, newName, node)])
    }

    /// Gives a file another name, or a new symbolic link its first.
    func link(_ node: Node, as path: String, _ caller: SimulatedProcess?) throws(DiskFault) {
        try admit(.name, caller)
        let (directory, name) = try place(path)
        guard directory.entries[name] == nil else { throw DiskFault(number: EEXIST) }
        usedByteCount += node.bytes.count
        change([(directory, name, node)])
    }

    func remove(_ path: String, _ caller: SimulatedProcess?) throws(DiskFault) {
        try admit(.name, caller)
        let (directory, name) = try place(path)
        guard let node = directory.entries[name] else { throw DiskFault(number: ENOENT) }
        usedByteCount -= node.bytes.count
        change([(directory, name, nil)])
    }

    func synchronizeDirectory(_ path: String, _ caller: SimulatedProcess?) throws(DiskFault) {
        try admit(.synchronize, caller)
        guard let directory = node(path), directory.isDirectory else {
            throw DiskFault(number: ENOENT)
        }
        // What came before in the same directories goes along, so that each keeps its order.
        var touched: Set<ObjectIdentifier> = [ObjectIdentifier(directory)]
        var settled: [Renaming] = []
        var kept: [Renaming] = []
        for renaming in names.reversed() {
            let directories = renaming.changes.map { ObjectIdentifier($0.directory) }
            if directories.contains(where: touched.contains) {
                touched.formUnion(directories)
                settled.append(renaming)
            } else {
                kept.append(renaming)
            }
        }
        for renaming in settled.reversed() { renaming.settle() }
        names = kept.reversed()
    }

    // MARK: Ends

    /// The machine starts anew after its process has died, or after the power has gone.
    func restart(afterPowerCut: Bool) {
        process = nil
        generation += 1
        if afterPowerCut { losePower() }
        reset(root)
        usedByteCount = byteCount(root)
    }

    /// Forgets everything.
    func clear() {
        names = []
        ways = [:]
        root.entries = [:]
        root.durableEntries = [:]
    }

    private func losePower() {
        let probability = losesAll ? 0 : [0, 0.1, 0.5, 0.9, 1][chance.below(5)]
        let count = losesAll || chance.happens(0.4) ? 0 : chance.below(names.count + 1)
        for renaming in names.prefix(count) { renaming.settle() }
        names = []
        lose(root, probability)
    }

    private func lose(_ node: Node, _ probability: Double) {
        guard node.isDirectory else { return node.losePower(&chance, keeping: probability) }
        node.entries = node.durableEntries
        for (_, child) in node.entries.sorted(by: { $0.key < $1.key }) { lose(child, probability) }
    }

    /// Locks and shared memory end with the process.
    private func reset(_ node: Node) {
        node.locks = FileLocks()
        for (_, child) in node.entries.sorted(by: { $0.key < $1.key }) { reset(child) }
    }

    private func byteCount(_ node: Node) -> Int {
        node.isDirectory
            ? node.entries.values.reduce(0) { $0 + byteCount($1) } : node.bytes.count
    }
}
