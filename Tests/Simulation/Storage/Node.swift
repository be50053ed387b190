internal import ReelCrypto
internal import ReelSystem

/// A file or a directory: as processes see it, and as a power cut leaves it.
final class Node {
    /// Something that was done to a file's content and that no sync has put on disk.
    enum Change {
        case write(at: Int, [UInt8])
        case truncate(to: Int)
    }

    let isDirectory: Bool
    /// Where a symbolic link leads.
    var linkTarget: String?
    /// What processes see.
    private(set) var bytes: [UInt8] = []
    /// Whether a sync has failed, so that what is read may differ from what is on disk.
    private var isTorn = false
    private var knownHash: String?
    /// Whether the content as it is now was found to be whole.
    var isKnownWhole = false
    var entries: [String: Node] = [:]
    /// What is on disk whatever comes.
    var durableEntries: [String: Node] = [:]
    private(set) var durable: [UInt8] = []
    private(set) var changes: [Change] = []
    var modifiedAt: Int64 = 0
    /// What SQLite's connections hold of the file.
    var locks = FileLocks()

    init(isDirectory: Bool) { self.isDirectory = isDirectory }

    /// The hash of what processes see.
    var sha256: String {
        if let knownHash { return knownHash }
        let hash = hexadecimal(SHA256.hash(bytes))
        knownHash = hash
        return hash
    }

    /// Whether a power cut leaves a file of that hash.
    func isSafe(with hash: String) -> Bool { hexadecimal(SHA256.hash(durable)) == hash }

    func write(_ new: some Collection<UInt8>, at offset: Int) {
        guard !new.isEmpty else { return }
        touch()
        changes.append(.write(at: offset, Array(new)))
        Self.apply(new, at: offset, to: &bytes)
    }

    func truncate(to count: Int) {
        guard count != bytes.count else { return }
        touch()
        changes.append(.truncate(to: count))
        Self.resize(&bytes, to: count)
    }

    func synchronize() {
        for change in changes { Self.apply(change, to: &durable) }
        changes = []
    }

    /// A sync that failed: some of the changes are on disk, the others never will be, and yet
    /// everybody reads them until the machine is started anew.
    func synchronizeInVain(_ chance: inout Chance) {
        guard !changes.isEmpty else { return }
        for change in changes where chance.happens(0.3) { Self.apply(change, to: &durable) }
        changes = []
        isTorn = true
    }

    /// What is left when the power goes: of each change all, nothing or a part.
    func losePower(_ chance: inout Chance, keeping probability: Double) {
        guard isTorn || !changes.isEmpty else { return }
        for change in changes {
            guard chance.happens(probability) else { continue }
            switch change {
            case .write(let offset, let new) where chance.happens(0.3):
                Self.apply(new.prefix(chance.below(new.count + 1)), at: offset, to: &durable)
            case .write, .truncate: Self.apply(change, to: &durable)
            }
        }
        changes = []
        touch()
        bytes = durable
        isTorn = false
    }

    private func touch() {
        knownHash = nil
        isKnownWhole = false
    }

    private static func apply(_ change: Change, to content: inout [UInt8]) {
        switch change {
        case .write(let offset, let new): apply(new, at: offset, to: &content)
        case .truncate(let count): resize(&content, to: count)
        }
    }

    private static func apply(
        _ new: some Collection<UInt8>,
        at offset: Int,
        to content: inout [UInt8]
    ) {
        guard !new.isEmpty else { return }
        if content.count < offset + new.count { resize(&content, to: offset + new.count) }
        content.replaceSubrange(offset..<(offset + new.count), with: new)
    }

    private static func resize(_ content: inout [UInt8], to count: Int) {
        if count <= content.count {
            content.removeLast(content.count - count)
        } else {
            content.append(contentsOf: repeatElement(0, count: count - content.count))
        }
    }
}

/// The locks and the shared memory by which SQLite's connections to one file agree.
// SAFETY: the regions are SQLite's to use while a file is mapped, and freed after the last.
@safe
final class FileLocks {
    var readerCount = 0
    var isReserved = false
    var isPending = false
    var isExclusive = false
    /// For each of the eight: how many share it, or -1 for one that has it alone.
    var shared = [Int](repeating: 0, count: 8)
    var regions: [UnsafeMutableRawPointer] = unsafe []
    var mapCount = 0

    func freeRegions() {
        unsafe regions.forEach { unsafe $0.deallocate() }
        unsafe regions = []
        shared = [Int](repeating: 0, count: 8)
    }
}
