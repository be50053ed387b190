import ReelReconciler
import ReelRuntime
import Testing

struct WebhookHealthTests {
    private var health = WebhookHealth(grace: .seconds(10))

    @Test func `before the first webhook none is expected`() {
        #expect(!health.areArriving)
    }

    @Test mutating func `a webhook says that they arrive, a miss that they do not`() {
        health.webhookArrived(5)
        #expect(health.areArriving)
        health.pollWasFirst(6, at: .seconds(100))
        health.look(at: .seconds(109))
        #expect(health.areArriving)
        health.look(at: .seconds(110))
        #expect(!health.areArriving)
        health.webhookArrived(7)
        #expect(health.areArriving)
    }

    @Test mutating func `a webhook within the grace is no miss`() {
        health.webhookArrived(5)
        health.pollWasFirst(6, at: .seconds(100))
        health.webhookArrived(7)
        health.look(at: .seconds(200))
        #expect(health.areArriving)
    }

    @Test mutating func `the grace runs from the first of several misses`() {
        health.webhookArrived(5)
        health.pollWasFirst(6, at: .seconds(100))
        health.pollWasFirst(7, at: .seconds(108))
        health.look(at: .seconds(110))
        #expect(!health.areArriving)
        #expect(health.newestWebhook == 5)
    }

    @Test mutating func `an older miss than the newest webhook is none`() {
        health.webhookArrived(9)
        health.pollWasFirst(8, at: .zero)
        health.look(at: .seconds(60))
        #expect(health.areArriving)
    }
}
