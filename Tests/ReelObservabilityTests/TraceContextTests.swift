import ReelObservability
import ReelRuntime
import Testing

struct TraceContextTests {
    private static let sample = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func `the example of the recommendation is read and written`() throws {
        let context = try #require(TraceContext(traceparent: Self.sample))
        #expect(context.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(context.spanID == "b7ad6b7169203331")
        #expect(context.isSampled)
        #expect(context.traceparent == Self.sample)
    }

    @Test(arguments: [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", false),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03", true),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe", false),
        ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true),
        ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes", true),
    ])
    func `flags and later versions are read as far as they are known`(
        _ text: String,
        _ isSampled: Bool
    ) throws {
        let context = try #require(TraceContext(traceparent: text))
        #expect(context.isSampled == isSampled)
        #expect(context.traceparent.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-"))
    }

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
        "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
        " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ])
    func `what is invalid is not read`(_ text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }

    @Test func `a child keeps the trace and has a span of its own`() {
        let random = SeededRandomSource(seed: 7)
        let context = TraceContext(random: random)
        let child = context.child(random: random)
        #expect(child.traceID == context.traceID)
        #expect(child.spanID != context.spanID)
        #expect(child.isSampled == context.isSampled)
        #expect(TraceContext(traceparent: context.traceparent) == context)
    }

    @Test func `ids are never all zero`() {
        struct Zeros: RandomSource {
            func next() -> UInt64 { 0 }
        }
        let context = TraceContext(random: Zeros())
        #expect(TraceContext(traceparent: context.traceparent) == context)
    }
}
