/// The targets of `Package.swift` and what each depends on, read from its text.
///
/// It knows the manifest's own little language: `room`, `tests`, `library`, `.target` and
/// `.executableTarget` with lists of names, and `everyRoom`.
struct Manifest {
    private(set) var rooms: [String: Set<String>] = [:]
    private(set) var tests: [String: Set<String>] = [:]
    private(set) var libraries: Set<String> = []

    init(_ text: String) {
        let every = Self.names(in: text.firstMatch(of: #/everyRoom: \[[^\]]*\] = \[([^\]]*)\]/#)?.1)
        func dependencies(_ list: Substring) -> Set<String> {
            let everyRoom = list.contains("everyRoom") ? every : []
            return everyRoom.union(Self.names(in: list))
        }
        for match in text.matches(of: #/\blibrary\("(\w+)"/#) { libraries.insert(String(match.1)) }
        for match in text.matches(of: #/\b(room|tests)\(\s*"(\w+)",\s*([^)]*)\)/#) {
            let found = dependencies(match.3)
            if match.1 == "room" {
                rooms[String(match.2)] = found
            } else {
                tests[String(match.2)] = found.union(["TestSupport"])
            }
        }
        let targets =
            #/\.\w*arget\(\s*name: "(\w+)",\s*dependencies: ([^)]*?),\s*(path|sw)([^)]*)/#
        for match in text.matches(of: targets) {
            // What has a path of its own stands under `Tests`, in a folder that names it, or shares
            // one with others.
            if match.3 == "path", let folder = match.4.firstMatch(of: #/Tests\/(\w+)/#)?.1 {
                tests[String(folder), default: []].formUnion(dependencies(match.2))
            } else {
                rooms[String(match.1)] = dependencies(match.2)
            }
        }
    }

    private static func names(in list: Substring?) -> Set<String> {
        guard let list else { return [] }
        return Set(list.matches(of: #/"(\w+)"/#).map { String($0.1) })
    }
}
