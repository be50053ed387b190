extension Timestamp: CustomStringConvertible {
    /// The moment by RFC 3339 in UTC with milliseconds, such as `2026-11-21T09:08:07.065Z`.
    public var description: String {
        let civil = CivilTime(secondsSinceEpoch: secondsSinceEpoch)
        let milliseconds = millisecondsSinceEpoch - secondsSinceEpoch * 1000
        return padded(Int64(civil.year), 4) + "-" + padded(Int64(civil.month), 2) + "-"
            + padded(Int64(civil.day), 2) + "T" + civil.clock + "."
            + padded(milliseconds, 3) + "Z"
    }

    /// The moment as an HTTP date (RFC 9110, section 5.6.7).
    ///
    /// Such as `Sat, 21 Nov 2026 09:08:07 GMT`.
    public var httpDate: String {
        let civil = CivilTime(secondsSinceEpoch: secondsSinceEpoch)
        return weekdays[civil.weekday] + ", " + padded(Int64(civil.day), 2) + " "
            + months[civil.month - 1] + " " + padded(Int64(civil.year), 4) + " " + civil.clock
            + " GMT"
    }

    /// Reads the preferred form of an HTTP date (RFC 9110, section 5.6.7: IMF-fixdate).
    ///
    /// - Returns: Nil for the two obsolete forms and for anything that is no date.
    public init?(httpDate text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 29, text.hasSuffix(" GMT"), bytes[3] == UInt8(ascii: ","),
            bytes[4] == 32, bytes[7] == 32, bytes[11] == 32, bytes[16] == 32,
            bytes[19] == UInt8(ascii: ":"), bytes[22] == UInt8(ascii: ":"),
            weekdays.contains(String(decoding: bytes[0..<3], as: UTF8.self)),
            let month = months.firstIndex(of: String(decoding: bytes[8..<11], as: UTF8.self)),
            let day = number(bytes[5..<7]), let year = number(bytes[12..<16]),
            let moment = Timestamp(
                year: year,
                month: month + 1,
                day: day,
                hour: number(bytes[17..<19]),
                minute: number(bytes[20..<22]),
                second: number(bytes[23..<25])
            )
        else { return nil }
        self = moment
    }

    /// Reads a moment by RFC 3339, in UTC (`Z`) or with a numeric offset.
    ///
    /// Fractions beyond a millisecond are cut off; a leap second counts as the second after it.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40, bytes[4] == UInt8(ascii: "-"),
            bytes[7] == UInt8(ascii: "-"), bytes[10] | 0x20 == UInt8(ascii: "t"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
            let day = number(bytes[8..<10]),
            var moment = Timestamp(
                year: year,
                month: month,
                day: day,
                hour: number(bytes[11..<13]),
                minute: number(bytes[14..<16]),
                second: number(bytes[17..<19])
            )
        else { return nil }
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (48...57).contains($0) }
            guard !digits.isEmpty else { return nil }
            var thousandths = Array(digits.prefix(3))
            while thousandths.count < 3 { thousandths.append(48) }
            moment.millisecondsSinceEpoch += Int64(number(thousandths[...]) ?? 0)
            rest = rest.dropFirst(1 + digits.count)
        }
        guard let offset = offsetInMinutes(Array(rest)) else { return nil }
        moment.millisecondsSinceEpoch -= Int64(offset) * 60_000
        self = moment
    }

    /// A moment from its civil parts in UTC; nil when a part is out of its range.
    private init?(year: Int, month: Int, day: Int, hour: Int?, minute: Int?, second: Int?) {
        guard let hour, let minute, let second, (1...12).contains(month), day >= 1,
            day <= CivilTime.dayCount(year: year, month: month), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        let days = CivilTime.daysSinceEpoch(year: year, month: month, day: day)
        self.init(
            secondsSinceEpoch: Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        )
    }
}

private let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
private let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
]

private func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value.magnitude)
    let zeros = String(repeating: "0", count: max(0, width - digits.utf8.count))
    return (value < 0 ? "-" : "") + zeros + digits
}

private func number(_ digits: ArraySlice<UInt8>) -> Int? {
    var value = 0
    for digit in digits {
        guard (48...57).contains(digit) else { return nil }
        value = value * 10 + Int(digit - 48)
    }
    return value
}

private func offsetInMinutes(_ text: [UInt8]) -> Int? {
    if text.count == 1, text[0] | 0x20 == UInt8(ascii: "z") { return 0 }
    guard text.count == 6, text[3] == UInt8(ascii: ":"), let hours = number(text[1..<3]),
        let minutes = number(text[4..<6]), hours < 24, minutes < 60
    else { return nil }
    switch text[0] {
    case UInt8(ascii: "+"): return hours * 60 + minutes
    case UInt8(ascii: "-"): return -(hours * 60 + minutes)
    default: return nil
    }
}

/// The parts of a moment in the proleptic Gregorian calendar, in UTC.
private struct CivilTime {
    let year: Int
    let month: Int
    let day: Int
    let hour: Int
    let minute: Int
    let second: Int
    /// 0 for Sunday.
    let weekday: Int

    init(secondsSinceEpoch: Int64) {
        let days = Int(
            (secondsSinceEpoch - Self.positiveRemainder(secondsSinceEpoch, 86_400)) / 86_400
        )
        let ofDay = Int(Self.positiveRemainder(secondsSinceEpoch, 86_400))
        (hour, minute, second) = (ofDay / 3600, ofDay / 60 % 60, ofDay % 60)
        weekday = Int(Self.positiveRemainder(Int64(days) + 4, 7))
        // The era arithmetic of 400 Gregorian years (146,097 days), counted from 1 March.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        day = ofYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `09:08:07`.
    var clock: String {
        padded(Int64(hour), 2) + ":" + padded(Int64(minute), 2) + ":" + padded(Int64(second), 2)
    }

    static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + ofYear - 719_468
    }

    static func dayCount(year: Int, month: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func positiveRemainder(_ value: Int64, _ divisor: Int64) -> Int64 {
        let remainder = value % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
