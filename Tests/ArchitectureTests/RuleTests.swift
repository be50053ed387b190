import Testing

/// The rules against the sources as they are.
struct RuleTests {
    private static let manifest = Manifest(SourceFile.manifest)

    private func report(_ violations: [Violation]) {
        for violation in violations { Issue.record("\(violation)") }
    }

    @Test func `the sources are found`() {
        #expect(SourceFile.sources.count > 50)
        #expect(SourceFile.tests.count > 20)
    }

    @Test func `every import is one that the table of rooms allows`() {
        let rule = ImportRule(testDependencies: Self.manifest.tests)
        report((SourceFile.sources + SourceFile.tests).flatMap(rule.violations))
    }

    @Test func `each C library has one importer`() {
        #expect(ImportRule.sharedLibraries(in: Rooms.mayImport).isEmpty)
    }

    @Test func `the manifest and the table of rooms agree`() {
        #expect(Set(Self.manifest.rooms.keys) == Set(Rooms.mayImport.keys))
        for (target, dependencies) in Rooms.mayImport {
            #expect(Self.manifest.rooms[target] == dependencies, "\(target)")
        }
        let used = Rooms.mayImport.values.reduce(into: Set<String>()) { $0.formUnion($1) }
        #expect(Self.manifest.libraries == used.filter { $0.hasPrefix("CReel") })
    }

    @Test func `the table of rooms has no way round`() {
        var left = Rooms.mayImport.mapValues { $0.filter { !$0.hasPrefix("CReel") } }
        while let next = left.first(where: { $0.value.isEmpty })?.key {
            left[next] = nil
            for target in left.keys { left[target]?.remove(next) }
        }
        #expect(left.isEmpty, "these import each other: \(left.keys.sorted())")
    }

    @Test func `files, functions and lines are of a length to read`() {
        report(SourceFile.all.flatMap(LengthRule.violations))
    }

    @Test func `every escape from a check says why it is safe`() {
        report(SourceFile.all.flatMap(SafetyRule.violations))
    }

    @Test(arguments: WordRule.all.indices)
    func `no word stands where it must not`(_ index: Int) {
        report(SourceFile.all.flatMap(WordRule.all[index].violations))
    }

    @Test func `every task outside a group is still there and has a reason`() {
        for (path, reason) in UnstructuredTasks.allowed {
            #expect(reason.count > 20, "\(path)")
            let file = SourceFile.sources.first { $0.path.hasPrefix(path) }
            #expect(file?.text.code.contains { $0.contains("Task") } == true, "\(path)")
        }
    }

    @Test func `what other rooms use is documented`() {
        let rule = DocumentationRule(files: SourceFile.sources)
        report(SourceFile.sources.flatMap(rule.violations))
    }

    @Test func `only what a user of the library sees is public`() {
        for file in SourceFile.sources where !Rooms.mayBePublic.contains(file.target) {
            for line in file.text.offsets(of: "public ", in: .code).map(file.text.line) {
                Issue.record("\(file.violation(line, "\(file.target) shows nothing publicly"))")
            }
        }
    }
}
