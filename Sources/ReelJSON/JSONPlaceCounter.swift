/// Turns byte offsets that only grow into lines and columns, going over the text once.
struct JSONPlaceCounter {
    private var offset = 0
    private var line = 1
    private var column = 1

    /// The place of a byte; `target` is not before the one asked for last.
    mutating func place(of target: Int, in bytes: [UInt8]) -> JSONPlace {
        while offset < min(target, bytes.count) {
            let byte = bytes[offset]
            offset += 1
            let isLineEnd =
                byte == 0x0A || (byte == 0x0D && !(offset < bytes.count && bytes[offset] == 0x0A))
            if isLineEnd {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return JSONPlace(line: line, column: column)
    }
}
