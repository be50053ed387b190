internal import CReelLinux
internal import Glibc

/// A process that was started, not yet reaped, and our ends of its pipes.
struct SpawnedChild {
    let process: pid_t
    /// Readable once the process has ended (pidfd_open(2)).
    let ended: OwnedDescriptor
    let input: OwnedDescriptor
    let output: OwnedDescriptor
    let errors: OwnedDescriptor

    /// Starts the program of a request in a new process group.
    ///
    /// - Throws: What posix_spawn(3) gives, such as `ENOENT`, `EACCES` or `ENOEXEC`, for the
    ///   program and for the directory.
    static func spawn(_ request: ProcessRequest) throws(SystemError) -> SpawnedChild {
        let (input, output, errors) = (try pipe(), try pipe(), try pipe())
        for end in [input.writing, output.reading, errors.reading] {
            try call("fcntl") { fcntl(end.number, F_SETFL, O_NONBLOCK) }
        }
        let process = try spawn(
            request,
            standard: [input.reading.number, output.writing.number, errors.writing.number]
        )
        let ended = creellinux_pidfd_open(process)
        guard ended >= 0 else {
            let number = errno
            _ = kill(-process, SIGKILL)
            _ = waitpid(process, nil, 0)
            throw SystemError(function: "pidfd_open", number: number)
        }
        return SpawnedChild(
            process: process,
            ended: OwnedDescriptor(ended),
            input: input.writing,
            output: output.reading,
            errors: errors.reading
        )
    }

    private static func spawn(
        _ request: ProcessRequest,
        standard: [Int32]
    ) throws(SystemError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (target, source) in standard.enumerated() {
            try callReturningError("posix_spawn") {
                unsafe posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
            }
        }
        // Ours are all closed on exec; what was inherited, or opened by a library, may not be.
        try callReturningError("posix_spawn") {
            unsafe creellinux_spawn_close_from(&actions, 3)
        }
        if let directory = request.directory {
            try callReturningError("posix_spawn") {
                unsafe creellinux_spawn_directory(&actions, directory)
            }
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        try setAttributes(&attributes)

        let arguments = CStringList([request.executable] + request.arguments)
        let environment = CStringList(
            request.environment.sorted { $0.key < $1.key }.map {
                $0.key + "=" + $0.value
            }
        )
        var process: pid_t = 0
        try callReturningError("posix_spawn") {
            unsafe posix_spawn(
                &process,
                request.executable,
                &actions,
                &attributes,
                arguments.pointers,
                environment.pointers
            )
        }
        return process
    }

    /// A group of its own, nothing blocked, nothing ignored or handled.
    private static func setAttributes(_ attributes: inout posix_spawnattr_t) throws(SystemError) {
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        for number in [SIGKILL, SIGSTOP] { unsafe sigdelset(&all, number) }
        let flags =
            Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGMASK)
            | Int32(POSIX_SPAWN_SETSIGDEF)
        try callReturningError("posix_spawn") {
            unsafe posix_spawnattr_setpgroup(&attributes, 0)
                | posix_spawnattr_setsigmask(&attributes, &none)
                | posix_spawnattr_setsigdefault(&attributes, &all)
                | posix_spawnattr_setflags(&attributes, Int16(flags))
        }
    }

    /// A pipe whose ends lie above the standard three, so that none is in the way of another when
    /// they are put in place.
    private static func pipe() throws(SystemError) -> (
        reading: OwnedDescriptor, writing: OwnedDescriptor
    ) {
        var ends: [Int32] = [-1, -1]
        try call("pipe2") { unsafe creellinux_pipe2(&ends, O_CLOEXEC) }
        let (reading, writing) = (OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1]))
        return (try raised(reading), try raised(writing))
    }

    private static func raised(_ end: OwnedDescriptor) throws(SystemError) -> OwnedDescriptor {
        guard end.number < 3 else { return end }
        return OwnedDescriptor(try call("fcntl") { fcntl(end.number, F_DUPFD_CLOEXEC, 3) })
    }
}

/// A list of C strings with the nil at its end that execve(2) wants.
// SAFETY: the strings are copies of our own, freed with the list.
@safe
private final class CStringList {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) {
        unsafe pointers = strings.map { unsafe strdup($0) } + [nil]
    }

    deinit {
        unsafe pointers.forEach { unsafe free($0) }
    }
}
