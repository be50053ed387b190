import Glibc
import ReelSystem
import Testing

struct ChildProcessTests {
    private func shell(
        _ script: String,
        arguments: [String] = [],
        environment: [String: String] = [:],
        input: String = "",
        timeLimit: Duration = .seconds(20),
        grace: Duration = .seconds(2),
        outputByteCountMax: Int = 65_536
    ) -> ProcessRequest {
        ProcessRequest(
            executable: "/bin/sh",
            arguments: ["-c", script, "sh"] + arguments,
            environment: environment,
            standardInput: Array(input.utf8),
            timeLimit: timeLimit,
            grace: grace,
            outputByteCountMax: outputByteCountMax
        )
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `input, both outputs, arguments and status pass through`() async {
        let result = await ChildProcess.run(
            shell("cat; echo \"$1\" >&2; exit 3", arguments: ["a b $HOME"], input: "hello")
        )
        #expect(result.ending == .exited(status: 3))
        #expect(text(result.standardOutput) == "hello")
        #expect(text(result.standardError) == "a b $HOME\n")
        #expect(!result.isOutputCut)
    }

    @Test func `the environment is the one given and no other`() async {
        var request = shell("", environment: ["B": "2", "A": "x=y"])
        request.executable = "/usr/bin/env"
        request.arguments = []
        let result = await ChildProcess.run(request)
        #expect(text(result.standardOutput) == "A=x=y\nB=2\n")
    }

    @Test func `it runs in the directory given`() async throws {
        try await withTemporaryFolder { folder in
            var request = shell("pwd -P")
            request.directory = folder
            let result = await ChildProcess.run(request)
            #expect(text(result.standardOutput) == folder + "\n")
            request.directory = folder + "/none"
            let absent = await ChildProcess.run(request).ending
            #expect(absent == .notStarted(SystemError(function: "posix_spawn", number: ENOENT)))
        }
    }

    @Test func `what is no program is not started`() async {
        var request = shell("")
        request.executable = "/nowhere/program"
        let ending = await ChildProcess.run(request).ending
        #expect(ending == .notStarted(SystemError(function: "posix_spawn", number: ENOENT)))
    }

    @Test func `output beyond the bound is dropped without holding the command up`() async {
        let request = shell("yes | head -c 3000000; echo end >&2", outputByteCountMax: 10)
        let result = await ChildProcess.run(request)
        #expect(result.ending == .exited(status: 0))
        #expect(text(result.standardOutput) == "y\ny\ny\ny\ny\n")
        #expect(text(result.standardError) == "end\n")
        #expect(result.isOutputCut)
    }

    @Test func `a command that reads nothing does not mind much input`() async {
        var request = shell("exit 0")
        request.standardInput = [UInt8](repeating: 65, count: 1 << 20)
        let ending = await ChildProcess.run(request).ending
        #expect(ending == .exited(status: 0))
    }

    @Test func `much input passes through`() async {
        var request = shell("wc -c")
        request.standardInput = [UInt8](repeating: 65, count: 1 << 20)
        let result = await ChildProcess.run(request)
        #expect(text(result.standardOutput).contains("1048576"))
    }

    @Test func `at the time limit it is told to end, and says its last words`() async {
        let request = shell(
            "trap 'echo bye; exit 0' TERM; while :; do sleep 0.01; done",
            timeLimit: .milliseconds(150)
        )
        let result = await ChildProcess.run(request)
        #expect(result.ending == .timedOut)
        #expect(text(result.standardOutput).hasSuffix("bye\n"))
    }

    @Test func `what does not listen is ended, with all that it started`() async throws {
        let request = shell(
            "trap '' TERM; (trap '' TERM; sleep 100) & echo $!; sleep 100",
            timeLimit: .milliseconds(150),
            grace: .milliseconds(50)
        )
        let result = await ChildProcess.run(request)
        #expect(result.ending == .timedOut)
        let line = text(result.standardOutput).dropLast()
        let grandchild = try #require(pid_t(line))
        #expect(await hasEnded(grandchild))
    }

    @Test func `what is left behind in the background is ended with the command`() async throws {
        let result = await ChildProcess.run(shell("sleep 100 & echo $!"))
        #expect(result.ending == .exited(status: 0))
        let grandchild = try #require(pid_t(text(result.standardOutput).dropLast()))
        #expect(await hasEnded(grandchild))
    }

    @Test func `cancelling the task ends the command`() async {
        let request = shell("echo started; exec sleep 100")
        let ending = await withTaskGroup(of: ProcessResult.Ending.self) { group in
            group.addTask { await ChildProcess.run(request).ending }
            group.cancelAll()
            return await group.next()
        }
        #expect(ending == .cancelled)
    }

    @Test func `a signal from elsewhere is reported`() async {
        let ending = await ChildProcess.run(shell("kill -9 $$")).ending
        #expect(ending == .signalled(9))
    }

    @Test func `signals have their defaults and no descriptor leaks in`() async throws {
        Signals.ignoreBrokenPipes()
        let kept = try File.open("/dev/null", .read)
        // A broken pipe ends the writer only where SIGPIPE is at its default.
        let pipes = await ChildProcess.run(shell("(yes; test $? = 141 || echo ignored >&2) | true"))
        #expect(text(pipes.standardError) == "")
        let listing = await ChildProcess.run(shell("ls /proc/$$/fd"))
        #expect(text(listing.standardOutput) == "0\n1\n2\n")
        withExtendedLifetime(kept) {}
    }

    /// A process is gone, or a zombie that only its new parent has yet to reap.
    private func hasEnded(_ process: pid_t) async -> Bool {
        for _ in 0..<10_000 {
            let path = "/proc/\(process)/stat"
            guard let status = try? FileSystem.read(path, byteCountMax: 4096),
                !text(status).contains(") Z ")
            else { return true }
            await Task.yield()
        }
        return false
    }
}
