import JournalConformance
import ReelEvents
import ReelJournal
import ReelRuntime
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct EventStreamTests {
    private let time = ManualTime()
    private let memory = InMemoryJournalDriver()
    private let driver: FaultyDriver
    private let journal: Journal

    init() {
        driver = FaultyDriver(memory)
        journal = Journal(driver: driver)
    }

    @Test func `entries come in order from after the cursor, over pages`() async throws {
        for number in 1...25 { _ = try await journal.append(Happened.observed("v\(number)")) }
        #expect(await first(18, after: 7) == Array(8...25))
    }

    @Test func `what is appended later comes without a pause`() async throws {
        _ = try await journal.append(Happened.observed("v1"))
        async let sequences = first(40, after: 0)
        for number in 2...40 {
            _ = try await journal.append(Happened.observed("v\(number)"))
            await Task.yield()
        }
        #expect(await sequences == Array(1...40))
        #expect(time.uptime() == .zero)
    }

    @Test func `a dropped wake-up costs the safety interval and no entry`() async throws {
        async let sequences = first(2, after: 0)
        for number in 1...2 {
            await time.waitForSleepers()
            _ = try await memory.append(Happened.observed("v\(number)"))
            time.advance(by: .seconds(5))
        }
        #expect(await sequences == [1, 2])
    }

    @Test func `a journal that cannot be read is asked again`() async throws {
        _ = try await journal.append(Happened.observed("v1"))
        let count = Locked(0)
        driver.refuse { _ in
            count.withLock {
                $0 += 1; return $0 <= 3
            } ? .io : nil
        }
        async let sequences = first(1, after: 0)
        for _ in 1...3 {
            await time.waitForSleepers()
            time.advance(by: .seconds(1))
        }
        #expect(await sequences == [1])
    }

    @Test func `it ends with its consumer, and with the journal`() async throws {
        await withTaskGroup(of: Int64?.self) { group in
            group.addTask {
                var iterator = stream(after: 0).makeAsyncIterator()
                return await iterator.next()?.sequence
            }
            await time.waitForSleepers()
            group.cancelAll()
            #expect(await group.next() == .some(nil))
        }
        await memory.close()
        #expect(await first(1, after: 0) == [])
    }

    @Test func `events leave out what is none, and hold the bytes that were signed`() async throws {
        _ = try await journal.append(Happened.delivered("not JSON", id: "wh_1"))
        let body = #"{"id":"evt_1", "type":"batch.completed","data":{"id":"b"}}"#
        _ = try await journal.append(Happened.delivered(body, id: "wh_2"))
        var iterator = EventStream(journal, after: 0, time: time).makeAsyncIterator()
        let event = try #require(await iterator.next())
        #expect(event.sequence == 2)
        #expect(event.type == "batch.completed")
        #expect(event.origin == .webhook)
        #expect(event.payload == Array(body.utf8))
    }

    @Test func `a filter holds`() async throws {
        for number in 1...6 {
            let terminal: TerminalState = number.isMultiple(of: 3) ? .failed : .completed
            _ = try await journal.append(Happened.observed("v\(number)", terminal))
        }
        var query = EntryQuery()
        query.types = ["video.failed"]
        #expect(await first(2, after: 0, query) == [3, 6])
    }

    private func stream(after cursor: Int64, _ query: EntryQuery = EntryQuery()) -> EntryStream {
        EntryStream(
            journal,
            after: cursor,
            matching: query,
            configuration: EntryStreamConfiguration(pageSize: 4),
            time: time
        )
    }

    private func first(
        _ count: Int,
        after cursor: Int64,
        _ query: EntryQuery = EntryQuery()
    ) async -> [Int64] {
        var sequences: [Int64] = []
        for await entry in stream(after: cursor, query) {
            sequences.append(entry.sequence)
            if sequences.count == count { break }
        }
        return sequences
    }
}
