import ReelObservability
import Testing

struct MetricsTests {
    @Test func `families and cells come out in one order, whatever the order they were made in`() {
        let expected = """
            # HELP reelhook_deliveries_total Deliveries by outcome.
            # TYPE reelhook_deliveries_total counter
            reelhook_deliveries_total{outcome="accepted",source="openai"} 3
            reelhook_deliveries_total{outcome="no_match",source="openai"} 1
            # HELP reelhook_queue_entries Entries that wait.
            # TYPE reelhook_queue_entries gauge
            reelhook_queue_entries -2

            """
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let metrics = Metrics()
            let name = "reelhook_deliveries_total"
            let help = "Deliveries by outcome."
            for step in order {
                switch step {
                case 0:
                    metrics.counter(
                        name,
                        help: help,
                        labels: ["outcome": "accepted", "source": "openai"]
                    ).increment(by: 3)
                case 1:
                    metrics.counter(
                        name,
                        help: help,
                        labels: ["outcome": "no_match", "source": "openai"]
                    ).increment()
                default: metrics.gauge("reelhook_queue_entries", help: "Entries that wait.").set(-2)
                }
            }
            #expect(metrics.prometheusText() == expected)
        }
    }

    @Test func `the same name and labels are the same metric`() {
        let metrics = Metrics()
        metrics.counter("a_total", help: "x", labels: ["k": "1"]).increment()
        metrics.counter("a_total", help: "x", labels: ["k": "1"]).increment()
        #expect(metrics.counter("a_total", help: "x", labels: ["k": "1"]).value == 2)
        #expect(metrics.counter("a_total", help: "x", labels: ["k": "2"]).value == 0)
    }

    @Test func `a histogram's buckets are cumulative and end in everything`() {
        let metrics = Metrics()
        let histogram = metrics.histogram(
            "wait_seconds",
            help: "How long it took.",
            bounds: [0.5, 1, 2.5],
            labels: ["step": "fetch"]
        )
        for value in [0.25, 0.5, 0.75, 1, 2, 4] { histogram.observe(value) }
        histogram.observe(.seconds(1))
        histogram.observe(.nan)
        #expect(histogram.count == 7)
        #expect(
            metrics.prometheusText() == """
                # HELP wait_seconds How long it took.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{step="fetch",le="0.5"} 2
                wait_seconds_bucket{step="fetch",le="1"} 5
                wait_seconds_bucket{step="fetch",le="2.5"} 6
                wait_seconds_bucket{step="fetch",le="+Inf"} 7
                wait_seconds_sum{step="fetch"} 9.5
                wait_seconds_count{step="fetch"} 7

                """
        )
    }

    @Test func `a histogram nobody has added to is written whole`() {
        let metrics = Metrics()
        _ = metrics.histogram("wait_seconds", help: "x", bounds: [1])
        #expect(
            metrics.prometheusText() == """
                # HELP wait_seconds x
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="1"} 0
                wait_seconds_bucket{le="+Inf"} 0
                wait_seconds_sum 0
                wait_seconds_count 0

                """
        )
    }

    @Test func `label values and help are escaped`() {
        let metrics = Metrics()
        metrics.counter("a_total", help: "a\\b\n\"c\"", labels: ["k": "a\\b\n\"c\""]).increment()
        #expect(
            metrics.prometheusText() == """
                # HELP a_total a\\\\b\\n"c"
                # TYPE a_total counter
                a_total{k="a\\\\b\\n\\"c\\""} 1

                """
        )
    }

    @Test func `many tasks add to one histogram and nothing is lost`() async {
        let metrics = Metrics()
        let histogram = metrics.histogram("wait_seconds", help: "x", bounds: [1, 2])
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 { histogram.observe(task.isMultiple(of: 2) ? 0.5 : 1.5) }
                }
            }
        }
        let text = metrics.prometheusText()
        #expect(text.contains("wait_seconds_bucket{le=\"1\"} 4000\n"))
        #expect(text.contains("wait_seconds_count 8000\n"))
        #expect(text.contains("wait_seconds_sum 8000\n"))
    }

    @Test func `a name that Prometheus would not read ends the program`() async {
        await #expect(processExitsWith: .failure) {
            _ = Metrics().counter("deliveries-total", help: "x")
        }
        await #expect(processExitsWith: .failure) {
            _ = Metrics().counter("a_total", help: "x", labels: ["1": "x"])
        }
    }
}
