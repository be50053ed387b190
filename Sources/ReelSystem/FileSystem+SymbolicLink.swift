internal import Glibc

extension FileSystem {
    /// What a symbolic link holds; nil when the name is absent or something else.
    ///
    /// - Throws: What readlink(2) gives; `ENAMETOOLONG` beyond 4095 bytes.
    package static func symbolicLinkTarget(_ path: String) throws(SystemError) -> String? {
        let byteCountMax = 4096
        var bytes = [CChar](repeating: 0, count: byteCountMax)
        let count: Int
        do {
            count = try call("readlink") {
                unsafe readlink(path, &bytes, byteCountMax)
            }
        } catch {
            switch error.number {
            case ENOENT, ENOTDIR, EINVAL: return nil
            default: throw error
            }
        }
        guard count < byteCountMax else {
            throw SystemError(function: "readlink", number: ENAMETOOLONG)
        }
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
