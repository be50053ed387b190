/// Decides what becomes of each new connection, and on which loop; does no I/O.
struct ConnectionLedger {
    enum Admission: Hashable {
        case serve(loop: Int)
        /// To be told 503.
        case refuse(loop: Int)
        case drop
    }

    private let connectionCountMax: Int
    private let refusalCountMax: Int
    private(set) var servedCounts: [Int]
    private(set) var refusalCount = 0

    init(loopCount: Int, connectionCountMax: Int, refusalCountMax: Int) {
        self.connectionCountMax = connectionCountMax
        self.refusalCountMax = refusalCountMax
        servedCounts = Array(repeating: 0, count: loopCount)
    }

    var servedCount: Int { servedCounts.reduce(0, +) }

    /// Gives a connection to the loop that serves the fewest.
    mutating func connectionAccepted() -> Admission {
        var loop = 0
        for index in servedCounts.indices where servedCounts[index] < servedCounts[loop] {
            loop = index
        }
        if servedCount < connectionCountMax {
            servedCounts[loop] += 1
            return .serve(loop: loop)
        }
        guard refusalCount < refusalCountMax else { return .drop }
        refusalCount += 1
        return .refuse(loop: loop)
    }

    mutating func connectionEnded(_ admission: Admission) {
        switch admission {
        case .serve(let loop): servedCounts[loop] -= 1
        case .refuse: refusalCount -= 1
        case .drop: break
        }
    }
}
