import Glibc
import ReelObservability
import ReelRuntime
import Testing

struct BufferedStandardErrorSinkTests {
    private func makePipe() -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        let status = unsafe pipe(&ends)
        #expect(status == 0)
        return (ends[0], ends[1])
    }

    /// Fills a pipe, so that the next who writes would wait.
    private func fill(_ descriptor: Int32) -> Int {
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        let filler = [UInt8](repeating: UInt8(ascii: "."), count: 4096)
        var total = 0
        while true {
            let count = unsafe filler.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { break }
            total += count
        }
        _ = fcntl(descriptor, F_SETFL, flags)
        return total
    }

    /// Reads until the other end is closed.
    private func readAll(_ descriptor: Int32) -> String {
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe piece.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { break }
            text += piece.prefix(count)
        }
        return String(decoding: text, as: UTF8.self)
    }

    @Test func `closing writes what waits, in order`() {
        let (reading, writing) = makePipe()
        let sink = BufferedStandardErrorSink(
            format: .text(isColoured: false),
            descriptor: writing
        )
        for index in 0..<100 { sink.write(LogFormatTests.record("line", [("n", .integer(index))])) }
        sink.close()
        sink.close()
        close(writing)
        let lines = readAll(reading).split(separator: "\n")
        #expect(lines.map { $0.split(separator: "=").last } == (0..<100).map { "\($0)" })
        #expect(sink.droppedCount == 0)
        close(reading)
    }

    @Test func `a reader that stalls holds up nobody, and what was dropped is told`() {
        let (reading, writing) = makePipe()
        let fillerCount = fill(writing)
        let sink = BufferedStandardErrorSink(
            format: .text(isColoured: false),
            capacity: 4,
            descriptor: writing
        )
        for _ in 0..<100 { sink.write(LogFormatTests.record("line")) }
        let droppedCount = sink.droppedCount
        #expect(droppedCount >= 92)
        let text = Locked("")
        let reader = NamedThread("reader") {
            let all = readAll(reading)
            text.withLock { $0 = all }
        }
        sink.close()
        close(writing)
        reader.join()
        let lines = text.withLock { $0 }.dropFirst(fillerCount).split(separator: "\n")
        #expect(lines.filter { $0.contains("receiver: line") }.count == 100 - droppedCount)
        let told = lines.filter { $0.contains("lines were dropped") }
            .compactMap { line in line.split(separator: "=").last.flatMap { Int($0) } }
        #expect(told.reduce(0, +) == droppedCount)
        close(reading)
    }

    @Test func `closing does not wait for a reader that never comes back`() {
        let (reading, writing) = makePipe()
        _ = fill(writing)
        let sink = BufferedStandardErrorSink(
            format: .json,
            descriptor: writing,
            closingTimeMax: .milliseconds(50)
        )
        for _ in 0..<3 { sink.write(LogFormatTests.record()) }
        sink.close()
        #expect(sink.droppedCount == 3)
        sink.write(LogFormatTests.record())
        #expect(sink.droppedCount == 4)
        close(writing)
        close(reading)
    }

    @Test func `a reader that has gone does not end the process`() {
        let (reading, writing) = makePipe()
        close(reading)
        let sink = BufferedStandardErrorSink(format: .json, descriptor: writing)
        for _ in 0..<3 { sink.write(LogFormatTests.record()) }
        sink.close()
        #expect(sink.droppedCount == 3)
        close(writing)
    }
}
