import ReelHTTP
import ReelJSON
import ReelRuntime
import TestSupport
import Testing

@testable import ReelEmulator

struct FaultPlanTests {
    @Test(arguments: [
        ("0.3", 0.3), ("30%", 0.3), ("0", 0), ("1", 1), ("100%", 1), (".5", 0.5),
    ])
    func `a chance is a fraction or a percentage`(text: String, value: Double) throws {
        #expect(try #require(Probability(text: text)).value == value)
    }

    @Test(arguments: ["", "%", "-0.1", "1.1", "101%", "half", "nan", "inf", "30 %"])
    func `anything else is no chance`(text: String) {
        #expect(Probability(text: text) == nil)
    }

    @Test func `the same seed gives the same run, another seed another`() async throws {
        func run(seed: UInt64) async throws -> [String] {
            let fixture = EmulatorFixture(seed: seed) {
                $0.jobDurationSpread = 0.5
                $0.faults.serverErrors = Probability(0.3) ?? .never
            }
            var seen: [String] = []
            for number in 0..<20 {
                let response = try await fixture.post("/v1/videos", json: #"{"prompt": "a"}"#)
                let id = try await response.json()["id"]?.string ?? "-"
                seen.append("\(number) \(response.status.code) \(id)")
            }
            return seen
        }
        let first = try await run(seed: 7)
        #expect(try await run(seed: 7) == first)
        #expect(try await run(seed: 8) != first)
    }

    @Test func `a decision does not depend on what else is asked for`() {
        var faults = EmulatorFaults()
        faults.serverErrors = Probability(0.5) ?? .never
        var alone = FaultPlan(seed: 3, faults: faults)
        var among = FaultPlan(seed: 3, faults: faults)
        for _ in 0..<50 {
            _ = among.decideAnswer(route: "retrieve", video: "other", carriesContent: false)
            let expected = alone.decideAnswer(route: "retrieve", video: "a", carriesContent: false)
            let decision = among.decideAnswer(route: "retrieve", video: "a", carriesContent: false)
            #expect(decision.answer == expected.answer)
        }
    }

    @Test func `no more than three answers in a row are spoiled, unless all are`() {
        var faults = EmulatorFaults()
        faults.serverErrors = Probability(0.95) ?? .never
        var plan = FaultPlan(seed: 1, faults: faults)
        var longest = 0
        var current = 0
        for _ in 0..<500 {
            let decision = plan.decideAnswer(route: "content", video: "a", carriesContent: true)
            current = decision.answer == nil ? 0 : current + 1
            longest = max(longest, current)
        }
        #expect(longest == 3)
        plan.faults.serverErrors = .always
        for _ in 0..<10 {
            let decision = plan.decideAnswer(route: "content", video: "a", carriesContent: true)
            #expect(decision.answer == .serverError)
        }
    }

    @Test func `about as many are hit as the chance says`() {
        var faults = EmulatorFaults()
        faults.dropWebhooks = Probability(0.3) ?? .never
        let plan = FaultPlan(seed: 1, faults: faults)
        let hits = (0..<1000).count {
            plan.decideWebhook(video: "video_\($0)", jobDuration: .seconds(1)).isDropped
        }
        #expect((250...350).contains(hits))
    }

    @Test(arguments: [
        ("http_500", 500, "server_error"), ("http_429", 429, "requests"), ("html", 200, nil),
    ])
    func `a spoiled answer looks like the real thing`(
        fault: String,
        status: Int,
        type: String?
    ) async throws {
        let fixture = EmulatorFixture()
        _ = try await fixture.send(.put, "/emulator/faults", body: Array("{\"\(fault)\":1}".utf8))
        let response = try await fixture.get("/v1/videos")
        #expect(response.status.code == status)
        #expect(response.fields.contains("Retry-After") == (status == 429))
        if let type {
            #expect(try await response.json()["error"]?["type"]?.string == type)
        } else {
            #expect(response.fields["Content-Type"]?.hasPrefix("text/html") == true)
        }
        #expect(
            try await fixture.log()["requests"]?.array?.last?["faults"]
                == .array([
                    .string(fault)
                ])
        )
    }

    @Test func `a forgotten job is not found from its half on`() async throws {
        let fixture = EmulatorFixture { $0.faults.forgottenJobs = .always }
        let id = try await fixture.create()
        fixture.time.advance(by: .seconds(4))
        #expect(try await fixture.get("/v1/videos/\(id)").status == .ok)
        fixture.time.advance(by: .seconds(1))
        #expect(try await fixture.get("/v1/videos/\(id)").status == .notFound)
        #expect(try await fixture.get("/v1/videos").json()["data"] == .array([]))
    }

    @Test(arguments: [
        #"{"unknown": 1}"#, #"{"cut": 2}"#, #"{"cut": "half"}"#, "[]", "x",
    ])
    func `a wrong change of faults changes nothing`(body: String) async throws {
        let fixture = EmulatorFixture()
        let before = try await fixture.get("/emulator/faults").json()
        let response = try await fixture.send(.put, "/emulator/faults", body: Array(body.utf8))
        #expect(response.status == .badRequest)
        #expect(try await fixture.get("/emulator/faults").json() == before)
    }
}
