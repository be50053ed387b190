import ReelObservability
import ReelRuntime
import TestSupport
import Testing

struct LoggerTests {
    @Test func `lines below the level are not written`() {
        let sink = InMemoryLogSink()
        let logger = Logger(sink: sink, level: .warning, time: ManualTime(), component: "a")
        logger.debug("one")
        logger.info("two")
        logger.warning("three")
        logger.error("four")
        #expect(sink.messages == ["three", "four"])
    }

    @Test func `a logger carries its component and its fields`() {
        let time = ManualTime()
        let sink = InMemoryLogSink()
        let logger = Logger(sink: sink, level: .debug, time: time, component: "a")
            .with(["request": 1]).named("b").with(["id": "x"])
        logger.info("hello", ["more": true])
        let record = sink.records[0]
        #expect(record.component == "b")
        #expect(record.moment == time.now())
        #expect(record.fields.map(\.key) == ["request", "id", "more"])
        #expect(record.fields.map(\.value) == [1, "x", true])
    }

    @Test func `records beyond the limit are counted`() {
        let sink = InMemoryLogSink(recordCountMax: 2)
        let logger = Logger(sink: sink, level: .debug, time: ManualTime(), component: "a")
        for _ in 0..<5 { logger.info("x") }
        #expect(sink.records.count == 2)
        #expect(sink.droppedCount == 3)
    }

    @Test func `the sinks hand each line to what writes it`() {
        let lines = Locked<[[UInt8]]>([])
        let json = JSONLogSink { line in lines.withLock { $0.append(line) } }
        let text = TextLogSink(isColoured: false) { line in lines.withLock { $0.append(line) } }
        let record = LogFormatTests.record()
        json.write(record)
        text.write(record)
        #expect(
            lines.withLock { $0 }
                == [LogFormat.json.line(record), LogFormat.text(isColoured: false).line(record)]
        )
    }
}
