import Testing

/// Each rule against a violation that is planted for it, and against what only looks like one.
struct PlantedTests {
    private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path, text) }

    private func words(_ path: String, _ text: String) -> Int {
        let file = file(path, text)
        return WordRule.all.map { $0.violations(in: file).count }.reduce(0, +)
    }

    @Test(arguments: [
        ("Sources/ReelHTTP/A.swift", "internal import ReelSystem", 1),
        ("Sources/ReelHTTP/A.swift", "internal import Foundation", 1),
        ("Sources/ReelHTTP/A.swift", "internal import FoundationEssentials", 1),
        ("Sources/ReelHTTP/A.swift", "internal import Glibc", 0),
        ("Sources/ReelHTTP/A.swift", "import Glibc", 1),
        ("Sources/ReelHTTP/A.swift", "// internal import ReelSystem", 0),
        ("Sources/ReelHTTP/A.swift", "let a = \"import ReelSystem\"", 0),
        ("Sources/ReelWebhooks/A.swift", "package import ReelHTTP", 0),
        ("Sources/ReelWebhooks/A.swift", "public import ReelHTTP", 1),
        ("Sources/ReelWebhooks/A.swift", "internal import struct ReelJournal.VideoID", 1),
        ("Sources/ReelWebhooks/A.swift", "internal import CReelOpenSSL", 1),
        ("Sources/ReelWebhooks/A.swift", "@_exported public import ReelHTTP", 2),
        ("Sources/Reelhook/Exports.swift", "@_exported public import ReelEvents", 0),
        ("Sources/ReelNew/A.swift", "internal import ReelHTTP", 1),
        ("Tests/ATests/A.swift", "import ReelHTTP", 0),
        ("Tests/ATests/A.swift", "import ReelSystem", 1),
        ("Tests/ATests/A.swift", "@testable import ReelHTTP", 1),
        ("Tests/ReelATests/A.swift", "@testable import ReelA", 0),
        ("Tests/ATests/A.swift", "import CReelCurl", 1),
    ])
    func `an import through a wall is seen`(_ path: String, _ text: String, _ count: Int) {
        let rule = ImportRule(testDependencies: [
            "ATests": ["ReelHTTP", "TestSupport"], "ReelATests": ["ReelA"],
        ])
        #expect(rule.violations(in: file(path, text)).count == count)
    }

    @Test func `a C library with two importers is seen`() {
        let table: [String: Set<String>] = ["A": ["CReelCurl"], "B": ["CReelCurl"], "C": ["A"]]
        #expect(ImportRule.sharedLibraries(in: table) == ["CReelCurl"])
    }

    @Test func `the manifest is read`() {
        let manifest = Manifest(
            """
            let everyRoom: [Target.Dependency] = [
                "ReelA", "ReelB",
            ]
            library("CReelA", pkgConfig: "a"),
            room("ReelA", ["CReelA"]),
            room(
                "ReelB",
                ["ReelA"]
            ),
            .executableTarget(
                name: "Whole",
                dependencies: everyRoom + ["ReelC"],
                swiftSettings: settings
            ),
            .executableTarget(
                name: "WholeExample",
                dependencies: ["Whole"],
                path: "Tests/Example",
                swiftSettings: settings
            ),
            .target(
                name: "Support",
                dependencies: ["ReelA"],
                path: "Tests/Support",
                swiftSettings: settings
            ),
            tests("ReelBTests", ["ReelB"] + everyRoom),
            """
        )
        #expect(
            manifest.rooms == [
                "ReelA": ["CReelA"], "ReelB": ["ReelA"], "Whole": ["ReelA", "ReelB", "ReelC"],
            ]
        )
        #expect(
            manifest.tests == [
                "Support": ["ReelA"], "ReelBTests": ["ReelA", "ReelB", "TestSupport"],
                "Example": ["Whole"],
            ]
        )
        #expect(manifest.libraries == ["CReelA"])
    }

    @Test func `what is too long is seen`() {
        func count(_ text: String) -> Int {
            LengthRule.violations(in: file("Sources/A/A.swift", text)).count
        }
        let lines = String(repeating: "let a = 1\n", count: 500)
        #expect(count(lines) == 0)
        #expect(count(lines + "let b = 1\n") == 1)
        #expect(count("//" + String(repeating: "é", count: 98)) == 0)
        #expect(count("//" + String(repeating: "é", count: 99)) == 1)
        #expect(count("    /// | a | " + String(repeating: "é", count: 99) + " |") == 0)
        let body = String(repeating: "    call { \"}\" } // {\n", count: 68)
        for head in [
            "func a() {", "init?(a: Int = { 1 }()) {", "deinit {", "subscript(a: Int) -> Int {",
            "func a<B>(_ b: B) async throws -> [B] where B: Sendable {",
        ] {
            #expect(count("\(head)\n\(body)}\n") == 0, "\(head)")
            #expect(count("\(head)\n\(body)\n}\n") == 1, "\(head)")
        }
        #expect(
            count("protocol A {\n    func a()\n    var b: Int { get }\n}\nextension A {\n\(body)}")
                == 0
        )
        #expect(count("let a = B.init(c)\nlet d = {\n\(body)\n}\n") == 0)
    }

    @Test(arguments: [
        ("final class A: @unchecked Sendable {}", 1),
        ("// SAFETY: immutable.\nfinal class A: @unchecked Sendable {}", 0),
        ("final class A: @unchecked Sendable {\n    // SAFETY: immutable.\n    let a: Int\n}", 0),
        ("nonisolated(unsafe) let a = 1", 1),
        ("@safe\nstruct A {\n    let a: OpaquePointer\n}", 1),
        ("// @safe is not code", 0),
        ("let a = \"SAFETY: no comment\"\n@safe struct B {}", 1),
    ])
    func `an escape without a reason is seen`(_ text: String, _ count: Int) {
        #expect(SafetyRule.violations(in: file("Sources/A/A.swift", text)).count == count)
    }

    @Test(arguments: [
        "let a = try! b()", "let a = b as! C", "fatalError(\"a\")", "// TODO: later",
        "/* FIXME */", "/// XXX", "    print(a)", "dump(a)", "let a = Date()", "let a = Date.now",
        "let a = UUID()", "ContinuousClock().now", "try await Task.sleep(for: .seconds(1))",
        "usleep(1)", "sleep(1)", "getenv(\"A\")", "Task { await a() }", "Task.detached {",
        "Task(name: \"a\") {", "let a: Task<Void, Never> = Task<Void, Never> {",
        "_ = Int.random(in: 0..<1)", "a.shuffled()", "let a = DispatchSemaphore(value: 0)",
        "SystemRandomNumberGenerator()", "clock_gettime(CLOCK_REALTIME, &a)",
    ])
    func `a word that must not be there is seen`(_ text: String) {
        #expect(words("Sources/ReelA/A.swift", text) == 1)
    }

    @Test(arguments: [
        "let a = try? b()", "let a = b as? C", "// Tasks to do", "writer.print(a)",
        "func fingerprint() {}", "let a = \"try! Date() print(a) TODO\"", "// try! Date()",
        "try await time.sleep(for: .seconds(1))", "group.addTask { }",
        "let task: Task<Void, Never>?",
        "let a = #\"\"\"\n  print(\"a\")\n\"\"\"#", "let a = \"\\(b(\"print(\"))\"; let c = 1",
        "struct TaskTable {}", "func sleep(for span: Duration)", "case sleep(Int)",
        "withTaskGroup(of: Void.self) { group in", "xxx",
    ])
    func `what only looks like it is left alone`(_ text: String) {
        #expect(words("Sources/ReelA/A.swift", text) == 0)
    }

    @Test func `an exception holds where it is made and nowhere else`() {
        #expect(words("Sources/ReelhookCLI/A.swift", "print(getenv(\"A\"))") == 0)
        #expect(words("Sources/Reelhook/A.swift", "getenv(\"A\")") == 0)
        #expect(words("Sources/ReelRuntime/TimeSource.swift", "ContinuousClock().now") == 0)
        #expect(words("Sources/ReelRuntime/Other.swift", "ContinuousClock().now") == 1)
        #expect(words("Tests/ATests/A.swift", "try await Task.sleep(for: .seconds(1))") == 1)
        #expect(words("Tests/ATests/A.swift", "@Test(.disabled()) func a() {}") == 1)
        #expect(words("Tests/ATests/A.swift", "Task { try! a() }") == 0)
    }

    @Test(arguments: [
        ("package struct A {}", 1), ("public enum A {}", 1), ("package func a() {}", 1),
        ("    package static func a() {}", 1), ("package protocol A {}", 1),
        ("/// It is.\npackage struct A {}", 0), ("/// It is.\n@safe\npackage struct A {}", 0),
        ("/// It is.\n// SAFETY: so.\n@safe\npackage struct A {}", 0),
        ("// SAFETY: so.\n@safe\npackage struct A {}", 1),
        ("/// It is.\n\npackage struct A {}", 1), ("// It is.\npackage struct A {}", 1),
        ("struct A {}", 0), ("package let a = 1", 0), ("package init() {}", 0),
        ("package static func == (a: A, b: A) -> Bool { true }", 0),
        ("package func hash(into hasher: inout Hasher) {}", 0),
        (
            "/// A.\npackage protocol A {\n    /// B.\n    func b()\n}\n"
                + "extension C: A {\n    package func b() {}\n}",
            0
        ),
    ])
    func `a declaration without a word about it is seen`(_ text: String, _ count: Int) {
        let file = file("Sources/ReelA/A.swift", text)
        #expect(DocumentationRule(files: [file]).violations(in: file).count == count)
    }

    @Test func `comments, literals and code are told apart`() {
        let text = SwiftText("a /* b /* c */ d */ e // f \"g\"\nh \"i // j\" k #\"l\"\\(m\"# n\n")
        #expect(text.code[0].split(separator: " ") == ["a", "e"])
        #expect(text.comments[0].contains("b /* c */ d"))
        #expect(text.comments[0].hasSuffix("// f \"g\""))
        #expect(text.comments[1].allSatisfy { $0 == " " })
        #expect(text.code[1].hasPrefix("h \""))
        #expect(text.code[1].hasSuffix("# n"))
        #expect(!text.code[1].contains("j"))
        #expect(text.lines.map(\.count) == text.code.map(\.count))
    }
}
