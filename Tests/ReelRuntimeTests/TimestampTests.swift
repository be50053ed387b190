import ReelRuntime
import Testing

struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_795_252_087_065, "2026-11-21T09:08:07.065Z", "Sat, 21 Nov 2026 09:08:07 GMT"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z", "Wed, 01 Mar 2000 00:00:00 GMT"),
            (4_107_456_000_000, "2100-02-28T00:00:00.000Z", "Sun, 28 Feb 2100 00:00:00 GMT"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
            (1_709_164_800_001, "2024-02-29T00:00:00.001Z", "Thu, 29 Feb 2024 00:00:00 GMT"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z", "Tue, 31 Dec 2024 23:59:59 GMT"),
            (-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z", "Mon, 01 Jan 0001 00:00:00 GMT"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] as [(Int64, String, String)]
    )
    func `a moment has its two text forms`(milliseconds: Int64, rfc3339: String, httpDate: String) {
        let moment = Timestamp(millisecondsSinceEpoch: milliseconds)
        #expect(moment.description == rfc3339)
        #expect(moment.httpDate == httpDate)
        #expect(Timestamp(rfc3339: rfc3339) == moment)
        #expect(
            Timestamp(httpDate: httpDate)
                == Timestamp(secondsSinceEpoch: moment.secondsSinceEpoch)
        )
    }

    @Test func `text forms go round over four centuries`() {
        let random = SeededRandomSource(seed: 3339)
        for _ in 0..<2000 {
            let milliseconds = Int64(random.below(400 * 365 * 86_400_000)) - 200 * 365 * 86_400_000
            let moment = Timestamp(millisecondsSinceEpoch: milliseconds)
            #expect(Timestamp(rfc3339: moment.description) == moment)
            #expect(
                Timestamp(httpDate: moment.httpDate)?.secondsSinceEpoch == moment.secondsSinceEpoch
            )
        }
    }

    @Test(arguments: [
        ("2026-11-21T09:08:07Z", "2026-11-21T09:08:07.000Z"),
        ("2026-11-21t09:08:07z", "2026-11-21T09:08:07.000Z"),
        ("2026-11-21T09:08:07.1Z", "2026-11-21T09:08:07.100Z"),
        ("2026-11-21T09:08:07.12345678Z", "2026-11-21T09:08:07.123Z"),
        ("2026-11-21T09:08:07+02:30", "2026-11-21T06:38:07.000Z"),
        ("2026-11-21T09:08:07.5-00:00", "2026-11-21T09:08:07.500Z"),
        ("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
    ])
    func `other spellings of RFC 3339 are read`(text: String, same: String) {
        #expect(Timestamp(rfc3339: text)?.description == same)
    }

    @Test(arguments: [
        "", "2026-11-21", "2026-11-21T09:08:07", "2026-11-21 09:08:07Z", "2026-11-21T09:08Z",
        "2026-13-21T09:08:07Z", "2026-00-21T09:08:07Z", "2026-11-31T09:08:07Z",
        "2026-11-00T09:08:07Z", "2026-02-29T09:08:07Z", "2100-02-29T00:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T09:60:00Z", "2026-11-21T09:08:61Z",
        "2026-11-21T09:08:07.Z", "2026-11-21T09:08:07,5Z", "2026-11-21T09:08:07+0200",
        "2026-11-21T09:08:07+24:00", "2026-11-21T09:08:07+02:60", "2026-11-21T09:08:07ZZ",
        " 2026-11-21T09:08:07Z", "2026-11-21T09:08:07Z ", "26-11-21T09:08:07Z",
        "2026-1-21T09:08:07Z0", "+026-11-21T09:08:07Z", "2026-11-21T-9:08:07Z",
        "２０２６-11-21T09:08:07Z", "2026-11-21T09:08:07.123456789012345678901Z",
    ])
    func `what is no moment by RFC 3339 is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(arguments: [
        "", "Saturday, 21-Nov-26 09:08:07 GMT", "Sat Nov 21 09:08:07 2026",
        "Sat, 21 Nov 2026 09:08:07 UTC", "Sat, 21 Nov 2026 09:08:07 +0000",
        "Sat, 21 nov 2026 09:08:07 GMT", "Xyz, 21 Nov 2026 09:08:07 GMT",
        "Sat, 31 Nov 2026 09:08:07 GMT", "Sat, 21 Nov 2026 24:08:07 GMT",
        "Sat, 1 Nov 2026 09:08:07 GMT", "Sat,  1 Nov 2026 09:08:07 GMT",
        "Sat, 21 Nov 2026 09-08-07 GMT", "Sat, 21 Nov 2026 09:08:07 GMT ",
    ])
    func `what is no preferred HTTP date is refused`(text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }

    @Test func `seconds are rounded towards the past`() {
        #expect(Timestamp(millisecondsSinceEpoch: 1999).secondsSinceEpoch == 1)
        #expect(Timestamp(millisecondsSinceEpoch: -1).secondsSinceEpoch == -1)
        #expect(Timestamp(millisecondsSinceEpoch: -1000).secondsSinceEpoch == -1)
        #expect(Timestamp(secondsSinceEpoch: .max).millisecondsSinceEpoch == .max)
        #expect(Timestamp(secondsSinceEpoch: .min).millisecondsSinceEpoch == .min)
    }

    @Test func `moments and spans add up, and stop at the range's ends`() {
        let moment = Timestamp(secondsSinceEpoch: 100)
        #expect(moment + .milliseconds(1500) == Timestamp(millisecondsSinceEpoch: 101_500))
        #expect(moment - .milliseconds(1500) == Timestamp(millisecondsSinceEpoch: 98_500))
        #expect(moment - Timestamp(secondsSinceEpoch: 90) == .seconds(10))
        #expect(Timestamp(secondsSinceEpoch: 90) - moment == .seconds(-10))
        #expect(moment < moment + .milliseconds(1))
        let first = Timestamp(millisecondsSinceEpoch: .min)
        let last = Timestamp(millisecondsSinceEpoch: .max)
        #expect(last + .seconds(1) == last)
        #expect(first - .seconds(1) == first)
        #expect(last - first == .milliseconds(Int64.max))
        #expect(first - last == .milliseconds(Int64.min))
    }
}
