/// Reads whole requests from a connection, kindly: it serves tests, not strangers.
struct ScriptedRequestReader {
    struct Message {
        let method: String
        let target: String
        let fields: [(name: String, value: String)]
        let body: [UInt8]
    }

    let socket: ScriptedSocket
    private var buffer: [UInt8] = []

    init(socket: ScriptedSocket) {
        self.socket = socket
    }

    /// The next request with its body; nil when the peer has ended.
    mutating func next() -> Message? {
        var lines: [String] = []
        while true {
            guard let line = readLine() else { return nil }
            if line.isEmpty { break }
            lines.append(line)
        }
        guard let first = lines.first else { return nil }
        let words = first.split(separator: " ").map(String.init)
        guard words.count >= 2 else { return nil }
        let fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            let value = parts.count > 1 ? parts[1].drop { $0 == " " } : ""
            return (name: parts[0], value: String(value))
        }
        func field(_ name: String) -> String? {
            fields.first { $0.name.lowercased() == name }?.value.lowercased()
        }
        if field("expect") == "100-continue" {
            guard socket.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) else { return nil }
        }
        let body: [UInt8]?
        if field("transfer-encoding") == "chunked" {
            body = readChunks()
        } else {
            body = readExactly(field("content-length").flatMap { Int($0) } ?? 0)
        }
        return body.map { Message(method: words[0], target: words[1], fields: fields, body: $0) }
    }

    private mutating func readLine() -> String? {
        var searched = 0
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                let line = buffer[..<end]
                let text = line.last == 0x0D ? line.dropLast() : line
                let result = String(decoding: text, as: UTF8.self)
                buffer.removeSubrange(...end)
                return result
            }
            searched = buffer.count
            guard fill() else { return nil }
        }
    }

    private mutating func readExactly(_ count: Int) -> [UInt8]? {
        while buffer.count < count { guard fill() else { return nil } }
        let bytes = Array(buffer[..<count])
        buffer.removeSubrange(..<count)
        return bytes
    }

    private mutating func readChunks() -> [UInt8]? {
        var body: [UInt8] = []
        while let line = readLine(), let size = Int(line.prefix { $0 != ";" }, radix: 16) {
            if size == 0 {
                while let trailer = readLine() { if trailer.isEmpty { return body } }
                return nil
            }
            guard let chunk = readExactly(size), readLine() != nil else { return nil }
            body += chunk
        }
        return nil
    }

    private mutating func fill() -> Bool {
        let bytes = socket.receive()
        buffer += bytes
        return !bytes.isEmpty
    }
}
