internal import Glibc

/// Runs the service in simulated worlds, one for each seed, and says which of them went wrong.
@main
enum SimulationCommand {
    private struct Options {
        var first: UInt64 = 1
        var count: UInt64 = 500
        var isTold = false
        var runsTwice = false
        var isQuiet = false
    }

    static func main() {
        hashAlike()
        guard let options = options() else {
            fail(
                "usage: simulation [--from SEED] [--seeds COUNT] [--tell] [--twice] [--quiet]"
            )
        }
        SimulatedVFS.register()
        var failures: [UInt64] = []
        var (events, seconds, crashes, videos, stored, dead) = (0, 0, 0, 0, 0, 0)
        var (pruned, released) = (0, 0)
        for seed in options.first..<(options.first + options.count) {
            let report = run(seed, options)
            events += report.eventCount
            seconds += report.simulatedSeconds
            crashes += report.crashCount
            videos += report.videoCount
            stored += report.storedCount
            dead += report.deadCount
            pruned += report.prunedCount
            released += report.releasedCount
            var violations = report.violations
            if options.runsTwice, run(seed, options).hash != report.hash {
                violations.append("the same seed made another run")
            }
            if !options.isQuiet || !violations.isEmpty {
                print("seed \(seed): \(hexadecimal(report.hash)) \(report.eventCount) events")
            }
            for violation in violations.prefix(5) { print("  \(violation)") }
            if !violations.isEmpty { failures.append(seed) }
        }
        print(
            "seeds=\(options.count) failed=\(failures.count) events=\(events)"
                + " simulated_seconds=\(seconds) crashes=\(crashes) videos=\(videos)"
                + " stored=\(stored) dead_letters=\(dead) pruned=\(pruned) released=\(released)"
        )
        exit(failures.isEmpty ? 0 : 1)
    }

    private static func run(_ seed: UInt64, _ options: Options) -> Simulation.Report {
        do {
            let simulation = try Simulation(seed: seed, isTold: options.isTold)
            let report = simulation.run()
            // Tasks that never end refer to it.
            Graveyard.keep(simulation)
            simulation.clear()
            return report
        } catch {
            fail("the simulation cannot be set up: \(error)")
        }
    }

    /// Has dictionaries keep the same order in every run: the standard library reads that from the
    /// environment when it starts.
    private static func hashAlike() {
        let name = "SWIFT_DETERMINISTIC_HASHING"
        guard unsafe getenv(name) == nil else { return }
        unsafe setenv(name, "1", 1)
        unsafe execv("/proc/self/exe", CommandLine.unsafeArgv)
        fail("the program cannot be started again")
    }

    private static func options() -> Options? {
        var options = Options()
        var words = CommandLine.arguments.dropFirst()
        while let word = words.popFirst() {
            switch word {
            case "--from", "--seeds":
                guard let number = words.popFirst().flatMap({ UInt64($0) }) else { return nil }
                if word == "--from" { options.first = number } else { options.count = number }
            case "--tell": options.isTold = true
            case "--twice": options.runsTwice = true
            case "--quiet": options.isQuiet = true
            default: return nil
            }
        }
        return options
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func fail(_ message: String) -> Never {
        print(message)
        exit(2)
    }
}
