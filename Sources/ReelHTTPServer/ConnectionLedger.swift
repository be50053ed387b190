/// Decides what becomes of each new connection, and on which loop; does no I/O.
struct ConnectionLedger {
    enum Admission: Hashable {
        case serve(loop: Int)
        /// To be told 503.
        case refuse(loop: Int)
        /// To be closed without a word.
        case drop
    }

    private let connectionCountMax: Int
    private let refusalCountMax: Int
    private let connectionCountMaxPerClient: Int
    private(set) var servedCounts: [Int]
    private(set) var refusalCount = 0
    private var clientCounts: [ClientKey: Int] = [:]

    init(
        loopCount: Int,
        connectionCountMax: Int,
        refusalCountMax: Int,
        connectionCountMaxPerClient: Int = .max
    ) {
        self.connectionCountMax = connectionCountMax
        self.refusalCountMax = refusalCountMax
        self.connectionCountMaxPerClient = connectionCountMaxPerClient
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
        return refuse(loop)
    }

    /// Counts a connection that was to be served for its client; the new admission.
    ///
    /// Unless it is to be served, the client is not counted and must not be told to have left.
    mutating func clientArrived(_ client: ClientKey, on loop: Int) -> Admission {
        let count = clientCounts[client, default: 0]
        if count < connectionCountMaxPerClient {
            clientCounts[client] = count + 1
            return .serve(loop: loop)
        }
        servedCounts[loop] -= 1
        return refuse(loop)
    }

    /// Forgets one connection of a client that was counted.
    mutating func clientLeft(_ client: ClientKey) {
        let count = clientCounts[client, default: 0]
        clientCounts[client] = count > 1 ? count - 1 : nil
    }

    private mutating func refuse(_ loop: Int) -> Admission {
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
