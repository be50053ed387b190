internal import CReelLinux
internal import Glibc

/// Feeds, reads, times and ends one command, on the thread that is there for it.
struct ProcessWatch {
    /// What is going on, and until when.
    private enum Phase {
        case running
        /// The group was told to end.
        case terminating
        /// The group was ended, or its leader has ended by itself.
        case over
    }

    /// How long the pipes are read for once the leader has ended: what it wrote is there already,
    /// and something that left its group may hold them open for ever.
    private static let drainLimit = Deadline.Span(.milliseconds(200))

    private let request: ProcessRequest
    private let process: pid_t
    private let ended: OwnedDescriptor
    private let input: OwnedDescriptor
    private var fed = 0
    private var output: Collector
    private var errors: Collector
    private var phase = Phase.running
    private var deadline: Deadline
    private var cause: ProcessResult.Ending?

    init(_ request: ProcessRequest, _ child: SpawnedChild) {
        self.request = request
        process = child.process
        ended = child.ended
        input = child.input
        output = Collector(child.output, request.outputByteCountMax)
        errors = Collector(child.errors, request.outputByteCountMax)
        deadline = .after(request.timeLimit)
        if request.standardInput.isEmpty { input.close() }
    }

    static func failed(_ error: SystemError) -> ProcessResult {
        ProcessResult(
            ending: .notStarted(error),
            standardOutput: [],
            standardError: [],
            isOutputCut: false
        )
    }

    mutating func run(_ cancellation: Cancellation) -> ProcessResult {
        while phase != .over || !(output.isAtEnd && errors.isAtEnd) {
            let events = wait(cancellation)
            feed(events[0])
            output.read(events[1])
            errors.read(events[2])
            if events[3] { leaderEnded() }
            if events[4] { end(because: .cancelled) }
            guard deadline <= .now() else { continue }
            switch phase {
            case .running: end(because: .timedOut)
            case .terminating: kill()
            case .over: return reap()
            }
        }
        return reap()
    }

    /// Which of input, output, errors, the leader's end and the cancellation are ready.
    private func wait(_ cancellation: Cancellation) -> [Bool] {
        let watched: [(Int32, Int32)] = [
            (input.number, POLLOUT), (output.number, POLLIN), (errors.number, POLLIN),
            (phase == .over ? -1 : ended.number, POLLIN),
            (phase == .running ? cancellation.number : -1, POLLIN),
        ]
        var descriptors = watched.map { pollfd(fd: $0.0, events: Int16($0.1), revents: 0) }
        let timeout = deadline.milliseconds(from: .now())
        _ = unsafe poll(&descriptors, nfds_t(descriptors.count), timeout)
        return descriptors.map { $0.revents != 0 }
    }

    private mutating func feed(_ isReady: Bool) {
        guard isReady, !input.isClosed else { return }
        let number = input.number
        let rest = request.standardInput[fed...]
        let outcome: Result<Attempt<Int>, SystemError> = unsafe rest.withUnsafeBytes { bytes in
            Result { () throws(SystemError) in
                try attempt("write") { unsafe write(number, bytes.baseAddress, bytes.count) }
            }
        }
        switch outcome {
        case .success(.done(let count)): fed += count
        case .success(.wouldBlock): return
        // The command does not want to read it all, which is its right.
        case .failure: fed = request.standardInput.count
        }
        if fed == request.standardInput.count { input.close() }
    }

    private mutating func end(because cause: ProcessResult.Ending) {
        guard phase == .running else { return }
        self.cause = cause
        phase = .terminating
        deadline = .after(request.grace)
        _ = Glibc.kill(-process, SIGTERM)
    }

    private mutating func kill() {
        _ = Glibc.kill(-process, SIGKILL)
        finish()
    }

    /// The leader is a zombie until it is reaped, so its number still names its group alone.
    private mutating func leaderEnded() {
        _ = Glibc.kill(-process, SIGKILL)
        finish()
    }

    private mutating func finish() {
        phase = .over
        input.close()
        deadline = Deadline.now().advanced(by: Self.drainLimit)
    }

    private func reap() -> ProcessResult {
        var status: Int32 = 0
        let reaped = try? call("waitpid") { unsafe waitpid(process, &status, 0) }
        let code = reaped == process ? creellinux_exit_code(status) : -SIGKILL
        return ProcessResult(
            ending: cause ?? (code < 0 ? .signalled(-code) : .exited(status: code)),
            standardOutput: output.bytes,
            standardError: errors.bytes,
            isOutputCut: output.isCut || errors.isCut
        )
    }
}

/// Reads one pipe to its end and keeps the first bytes.
private struct Collector {
    private let descriptor: OwnedDescriptor
    private let byteCountMax: Int
    private(set) var bytes: [UInt8] = []
    private(set) var isCut = false

    init(_ descriptor: OwnedDescriptor, _ byteCountMax: Int) {
        self.descriptor = descriptor
        self.byteCountMax = byteCountMax
    }

    var number: Int32 { descriptor.number }
    var isAtEnd: Bool { descriptor.isClosed }

    mutating func read(_ isReady: Bool) {
        guard isReady, !isAtEnd else { return }
        let number = number
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let outcome: Result<Attempt<Int>, SystemError> = unsafe buffer.withUnsafeMutableBytes {
            room in
            Result { () throws(SystemError) in
                try attempt("read") { unsafe Glibc.read(number, room.baseAddress, room.count) }
            }
        }
        switch outcome {
        case .success(.wouldBlock): return
        case .success(.done(0)), .failure: descriptor.close()
        case .success(.done(let count)):
            let kept = min(count, byteCountMax - bytes.count)
            bytes += buffer.prefix(kept)
            if kept < count { isCut = true }
        }
    }
}
