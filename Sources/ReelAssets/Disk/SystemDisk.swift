internal import Glibc
package import ReelSystem

/// The machine's file system.
package struct SystemDisk: Disk {
    package init() {}

    package func open(
        _ path: String,
        _ mode: File.Mode,
        permissions: UInt32
    ) throws(AssetError) -> any DiskFile {
        SystemDiskFile(
            file: try asAssetError { () throws(SystemError) in
                try File.open(path, mode, permissions: permissions, followingLinks: false)
            }
        )
    }

    package func status(_ path: String) throws(AssetError) -> FileStatus? {
        try asAssetError { () throws(SystemError) in try FileSystem.status(path) }
    }

    package func createDirectory(_ path: String, permissions: UInt32) throws(AssetError) {
        try asAssetError { () throws(SystemError) in
            try FileSystem.createDirectory(path, permissions: permissions, intermediates: true)
        }
    }

    package func synchronizeDirectory(_ path: String) throws(AssetError) {
        try asAssetError { () throws(SystemError) in try FileSystem.synchronizeDirectory(path) }
    }

    package func rename(_ from: String, to: String, replacing: Bool) throws(AssetError) {
        try asAssetError { () throws(SystemError) in
            try FileSystem.rename(from, to: to, replacing: replacing)
        }
    }

    package func remove(_ path: String) throws(AssetError) {
        try asAssetError { () throws(SystemError) in try FileSystem.remove(path) }
    }

    package func removeTree(_ path: String) throws(AssetError) {
        try asAssetError { () throws(SystemError) in try FileSystem.removeTree(path) }
    }

    package func list(_ path: String) throws(AssetError) -> [String] {
        try asAssetError { () throws(SystemError) in try FileSystem.list(path) }
    }

    package func link(_ path: String, to target: String) throws(AssetError) {
        try asAssetError { () throws(SystemError) in
            try FileSystem.createHardLink(path, to: target)
        }
    }

    package func symbolicLink(_ path: String, to target: String) throws(AssetError) {
        try asAssetError { () throws(SystemError) in
            try FileSystem.createSymbolicLink(path, to: target)
        }
    }

    package func linkTarget(_ path: String) throws(AssetError) -> String? {
        try asAssetError { () throws(SystemError) in
            try FileSystem.symbolicLinkTarget(path)
        }
    }

    package func freeByteCount(_ path: String) throws(AssetError) -> Int64 {
        try asAssetError { () throws(SystemError) in try FileSystem.freeByteCount(path) }
    }
}

func asAssetError<Value>(
    _ body: () throws(SystemError) -> Value
) throws(AssetError) -> Value {
    do {
        return try body()
    } catch {
        switch error.number {
        case ENOSPC, EDQUOT: throw .diskFull
        case ENOENT: throw .missing
        case EEXIST: throw .occupied
        default: throw .disk(code: error.number)
        }
    }
}
