/// What must not be written, where, and why.
struct WordRule: Sendable {
    /// Texts to search for.
    ///
    /// A letter, digit or underscore beside one that begins or ends in such makes it another word;
    /// what begins with a word is also another thing behind a full stop.
    let words: [String]
    let part: SwiftText.Part
    let reason: String
    /// The beginning of the paths that it is about.
    let scope: String
    /// Files or folders where it is right after all.
    let exceptions: [String]

    private init(
        _ words: [String],
        part: SwiftText.Part = .code,
        in scope: String = "Sources/",
        except exceptions: [String] = [],
        because reason: String
    ) {
        self.words = words
        self.part = part
        self.scope = scope
        self.exceptions = exceptions
        self.reason = reason
    }

    /// The machine's clocks, and the one that the event loop's waits in the kernel end by.
    private static let clocks = [
        "Sources/ReelRuntime/TimeSource.swift", "Sources/ReelSystem/Deadline.swift",
    ]

    static let all: [WordRule] = [
        WordRule(["try!"], because: "try! ends the process on bad data"),
        WordRule(["as!"], because: "as! ends the process on bad data"),
        WordRule(["fatalError("], because: "throw, or state the precondition"),
        WordRule(
            ["TODO", "FIXME", "XXX", "HACK"],
            part: .comments,
            in: "",
            because: "work that is not done is not left in the source"
        ),
        WordRule(
            ["print(", "debugPrint(", "dump("],
            except: ["Sources/ReelhookCLI/"],
            because: "a library logs, it does not print"
        ),
        WordRule(
            ["Date()", "Date.now", "clock_gettime(", "gettimeofday("],
            except: clocks,
            because: "wall time comes from the TimeSource"
        ),
        WordRule(
            ["ContinuousClock", "SuspendingClock", "Task.sleep"],
            except: clocks,
            because: "time that passes comes from the TimeSource"
        ),
        WordRule(
            ["usleep(", "nanosleep(", "sleep("],
            because: "nothing sleeps but on the TimeSource"
        ),
        WordRule(
            [
                "UUID()", "SystemRandomNumberGenerator", ".random(in:", ".randomElement()",
                ".shuffled()",
            ],
            except: ["Sources/ReelRuntime/RandomSource.swift"],
            because: "ids and chance come from the RandomSource"
        ),
        WordRule(
            ["getenv(", "environ", "ProcessInfo", "CommandLine"],
            except: ["Sources/Reelhook/", "Sources/ReelhookCLI/"],
            because: "the environment is read in one place and handed in"
        ),
        WordRule(
            ["Task {", "Task(", "Task<Void, Never> {", "Task.detached", "Task.immediate"],
            except: UnstructuredTasks.allowed.keys.sorted(),
            because: "long-lived work is a run() in a task group; see UnstructuredTasks"
        ),
        WordRule(
            ["DispatchSemaphore", "sem_wait("],
            because: "a semaphore blocks a thread of the shared pool"
        ),
        WordRule(
            ["Task.sleep", "usleep(", "nanosleep(", "sleep("],
            in: "Tests/",
            because: "a test waits for a condition, never for time"
        ),
        WordRule([".disabled()"], in: "Tests/", because: "a test that is off says why"),
    ]

    func violations(in file: SourceFile) -> [Violation] {
        guard file.path.hasPrefix(scope), !exceptions.contains(where: file.path.hasPrefix) else {
            return []
        }
        let bytes = file.text.bytes(part)
        let lines = words.flatMap { word in
            file.text.offsets(of: word, in: part)
                .filter { isWhole(Array(word.utf8), in: bytes, at: $0) }
                .map(file.text.line)
        }
        return Set(lines).sorted().map { file.violation($0, reason) }
    }

    private func isWhole(_ word: [UInt8], in bytes: [UInt8], at offset: Int) -> Bool {
        let end = offset + word.count
        if let first = word.first, isWordByte(first), offset > 0 {
            let before = bytes[offset - 1]
            guard !isWordByte(before), before != UInt8(ascii: "."), !isDeclared(bytes, at: offset)
            else { return false }
        }
        if let last = word.last, isWordByte(last), end < bytes.count {
            return !isWordByte(bytes[end])
        }
        return true
    }

    /// Whether a function or a case of that name is declared here, which is not its use.
    private func isDeclared(_ bytes: [UInt8], at offset: Int) -> Bool {
        ["func ", "case "].contains { bytes[..<offset].suffix(5).elementsEqual($0.utf8) }
    }
}

/// Whether a byte is part of a name.
func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A, 0x80...: true
    default: false
    }
}
