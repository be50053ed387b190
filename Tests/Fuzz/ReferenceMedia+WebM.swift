internal import ReelAssets

extension ReferenceMedia {
    private struct Element {
        let id: UInt64
        let content: ByteRange
        let isOpen: Bool
    }

    /// The elements that fill a range; nil when they do not.
    private static func elements(_ range: ByteRange) -> [Element]? {
        var elements: [Element] = []
        var rest = range
        while rest.count > 0 {
            guard let first = rest.number(at: 0, 1), first >= 0x10 else { return nil }
            let idByteCount = first >= 0x80 ? 1 : first >= 0x40 ? 2 : first >= 0x20 ? 3 : 4
            guard let id = rest.number(at: 0, idByteCount),
                let second = rest.number(at: idByteCount, 1), second > 0
            else { return nil }
            var sizeByteCount = 1
            while second << UInt64(sizeByteCount - 1) & 0x80 == 0 { sizeByteCount += 1 }
            guard let coded = rest.number(at: idByteCount, sizeByteCount),
                let after = rest.dropping(idByteCount + sizeByteCount)
            else { return nil }
            let marker = UInt64(1) << UInt64(7 * sizeByteCount)
            let isOpen = coded == 2 * marker - 1
            let size = isOpen ? UInt64(after.count) : coded - marker
            guard size <= after.count, let content = after.first(Int(size)),
                let next = after.dropping(Int(size))
            else { return nil }
            elements.append(Element(id: id, content: content, isOpen: isOpen))
            rest = next
        }
        return elements
    }

    static func webM(_ all: ByteRange) -> MediaFacts? {
        guard let top = elements(all), let header = top.first, !header.isOpen,
            header.content.count <= 4096, isWebM(header.content),
            let segment = top.dropFirst().first(where: { $0.id == 0x1853_8067 }),
            let inside = elements(segment.content), !inside.contains(where: \.isOpen)
        else { return nil }
        let infos = inside.filter { $0.id == 0x1549_A966 }
        var duration: Duration?
        for info in infos {
            guard let read = self.duration(info.content) else { return nil }
            duration = read
        }
        var picture = Picture()
        for tracks in inside where tracks.id == 0x1654_AE6B {
            guard let entries = elements(tracks.content) else { return nil }
            for entry in entries where entry.id == 0xAE {
                guard note(track: entry.content, &picture) else { return nil }
            }
        }
        guard !infos.isEmpty, picture.isThere,
            inside.contains(where: { $0.id == 0x1F43_B675 })
        else { return nil }
        return MediaFacts(
            format: .webM,
            duration: duration,
            width: picture.width,
            height: picture.height
        )
    }

    private static func isWebM(_ header: ByteRange) -> Bool {
        // What follows the type is of no interest, and may be anything.
        var rest = header
        while rest.count > 0 {
            guard let element = firstElement(rest) else { return false }
            if element.id == 0x4282 { return Array(element.content.bytes) == Array("webm".utf8) }
            guard let next = rest.dropping(element.content.range.upperBound - rest.range.lowerBound)
            else { return false }
            rest = next
        }
        return false
    }

    private static func firstElement(_ range: ByteRange) -> Element? {
        for count in 2...min(12, max(2, range.count)) {
            // A header is as long as it takes for an element of no content to be one.
            guard let head = range.first(count), let read = headOnly(head) else { continue }
            guard let content = range.dropping(count)?.first(read.size ?? range.count - count)
            else { return nil }
            return Element(id: read.id, content: content, isOpen: read.size == nil)
        }
        return nil
    }

    private static func headOnly(_ head: ByteRange) -> (id: UInt64, size: Int?)? {
        let bytes = Array(head.bytes)
        guard let first = bytes.first, first >= 0x10 else { return nil }
        let idByteCount = first.leadingZeroBitCount + 1
        guard bytes.count > idByteCount, bytes[idByteCount] > 0,
            bytes.count == idByteCount + bytes[idByteCount].leadingZeroBitCount + 1
        else { return nil }
        let id = bytes[..<idByteCount].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let coded = bytes[idByteCount...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let marker = UInt64(1) << UInt64(7 * (bytes.count - idByteCount))
        return (id, coded == 2 * marker - 1 ? nil : Int(coded - marker))
    }

    private static func unsigned(_ element: Element) -> UInt64? {
        guard element.content.count <= 8 else { return nil }
        return element.content.count == 0 ? 0 : element.content.number(at: 0, element.content.count)
    }

    /// The duration that is said, if it is; nil when that is broken.
    private static func duration(_ info: ByteRange) -> Duration?? {
        guard let inside = elements(info) else { return nil }
        var scale = 1_000_000.0
        var length: Double?
        for element in inside {
            if element.id == 0x2A_D7B1 {
                guard let value = unsigned(element) else { return nil }
                scale = Double(value)
            } else if element.id == 0x4489 {
                guard let bits = unsigned(element) else { return nil }
                switch element.content.count {
                case 4: length = Double(Float(bitPattern: UInt32(bits)))
                case 8: length = Double(bitPattern: bits)
                default: return nil
                }
            }
        }
        guard let length else { return .some(nil) }
        let seconds = length * scale / 1e9
        guard seconds >= 0, seconds < 1e12 else { return nil }
        return Duration.milliseconds(Int64((seconds * 1000).rounded()))
    }

    private struct Picture {
        var isThere = false
        var width: Int?
        var height: Int?
    }

    private static func note(track: ByteRange, _ picture: inout Picture) -> Bool {
        guard let inside = elements(track) else { return false }
        for element in inside {
            if element.id == 0x83 {
                guard let type = unsigned(element) else { return false }
                if type == 1 { picture.isThere = true }
            } else if element.id == 0xE0 {
                guard let sizes = elements(element.content) else { return false }
                for size in sizes where size.id == 0xB0 || size.id == 0xBA {
                    guard let value = unsigned(size) else { return false }
                    if size.id == 0xB0 { picture.width = Int(clamping: value) }
                    if size.id == 0xBA { picture.height = Int(clamping: value) }
                }
            }
        }
        return true
    }
}
