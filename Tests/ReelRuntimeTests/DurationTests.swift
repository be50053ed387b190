import ReelRuntime
import Testing

struct DurationTests {
    @Test(
        arguments: [
            (.zero, 0), (.milliseconds(1), 1), (.microseconds(1999), 1), (.microseconds(-1999), -1),
            (.seconds(-2), -2000), (.seconds(Int64.max), .max), (.seconds(Int64.min), .min),
            (.milliseconds(Int64.max), .max),
        ] as [(Duration, Int64)]
    )
    func `whole milliseconds are cut towards zero and held`(span: Duration, milliseconds: Int64) {
        #expect(span.wholeMilliseconds == milliseconds)
    }

    @Test func `a span in seconds keeps its fraction`() {
        #expect(Duration.milliseconds(1500).inSeconds == 1.5)
        #expect(Duration.milliseconds(-250).inSeconds == -0.25)
    }
}
