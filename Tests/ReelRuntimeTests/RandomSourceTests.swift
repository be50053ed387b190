import ReelRuntime
import Testing

struct RandomSourceTests {
    @Test func `the same seed gives the same numbers, those of SplitMix64`() {
        let random = SeededRandomSource(seed: 1_234_567)
        let published: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect((0..<5).map { _ in random.next() } == published)
        #expect(SeededRandomSource(seed: 1).next() != SeededRandomSource(seed: 2).next())
    }

    @Test func `numbers stay below their bound and reach all of it`() {
        let random = SeededRandomSource(seed: 7)
        var seen: Set<UInt64> = []
        for _ in 0..<500 { seen.insert(random.below(10)) }
        #expect(seen == Set(0..<10))
        #expect(random.below(1) == 0)
    }

    @Test func `a unit is from 0 up to 1, and a chance comes up as often as it says`() {
        let random = SeededRandomSource(seed: 8)
        var sum = 0.0
        for _ in 0..<2000 {
            let unit = random.unit()
            #expect((0..<1).contains(unit))
            sum += unit
        }
        #expect((0.47...0.53).contains(sum / 2000))
        let hits = (0..<2000).count { _ in random.chance(0.25) }
        #expect((420...580).contains(hits))
        #expect(!(0..<100).contains { _ in random.chance(0) })
        #expect((0..<100).allSatisfy { _ in random.chance(1) })
    }

    @Test(arguments: [0, 1, 8, 9, 32])
    func `hexadecimal text has two digits a byte`(byteCount: Int) {
        let text = SeededRandomSource(seed: 9).hexadecimal(byteCount: byteCount)
        #expect(text.utf8.count == byteCount * 2)
        #expect(text.allSatisfy { "0123456789abcdef".contains($0) })
        #expect(text == SeededRandomSource(seed: 9).hexadecimal(byteCount: byteCount))
    }

    @Test func `the system's numbers differ`() {
        let random = SystemRandomSource()
        #expect(Set((0..<20).map { _ in random.next() }).count == 20)
    }
}
