import ReelCrypto
import ReelRuntime
import ReelSystem
import Testing

@testable import ReelAssets

struct DigestLaneTests {
    private static func pieces(_ count: Int) -> [[UInt8]] {
        var random = SystemRandomNumberGenerator()
        return (0..<count).map { _ in
            (0..<Int.random(in: 0...300)).map { _ in .random(in: 0...255, using: &random) }
        }
    }

    @Test(arguments: [1, 2, 3, 8], [1, 4])
    func `pieces are hashed in the order they came, however few may wait`(
        _ pieceCountMax: Int,
        _ threadCount: Int
    ) async {
        let pool = BlockingPool(threadCount: threadCount)
        let pieces = Self.pieces(500)
        let lane = DigestLane(RunningDigest(), pool: pool, pieceCountMax: pieceCountMax)
        for piece in pieces { await lane.add(piece) }
        let found = await lane.finish()
        #expect(found == hexadecimal(SHA256.hash(pieces.flatMap(\.self))))
        pool.close()
    }

    @Test func `many lanes share a pool that has no room for all of them`() async {
        let pool = BlockingPool(threadCount: 2, queueCapacity: 2)
        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    let pieces = Self.pieces(50)
                    let lane = DigestLane(RunningDigest(), pool: pool, pieceCountMax: 2)
                    for piece in pieces { await lane.add(piece) }
                    let found = await lane.finish()
                    #expect(found == hexadecimal(SHA256.hash(pieces.flatMap(\.self))))
                }
            }
        }
        pool.close()
    }

    @Test func `what was hashed before goes on, and nothing more is the digest of nothing`() async {
        let pool = BlockingPool(threadCount: 1)
        let digest = RunningDigest()
        digest.update([1, 2])
        let lane = DigestLane(digest, pool: pool, pieceCountMax: 3)
        await lane.add([3])
        #expect(await lane.finish() == hexadecimal(SHA256.hash([1, 2, 3])))
        let empty = DigestLane(RunningDigest(), pool: pool, pieceCountMax: 3)
        #expect(await empty.finish() == hexadecimal(SHA256.hash([])))
        pool.close()
    }
}
