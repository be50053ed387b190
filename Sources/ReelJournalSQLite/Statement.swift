internal import CReelSQLite
internal import ReelRuntime

/// One prepared statement, finalized when it goes out of scope.
///
/// What is bound is copied by SQLite, and what is read is copied out of it.
// SAFETY: the statement lives from `init` to `deinit`, and is used by the thread that its
// connection belongs to.
@safe
struct Statement: ~Copyable {
    private let pointer: OpaquePointer

    /// Prepares SQL text, whose every statement after the first is ignored.
    init(_ connection: OpaquePointer, _ text: String) throws(SQLiteFault) {
        var prepared: OpaquePointer?
        let status = unsafe text.withCString { text in
            unsafe sqlite3_prepare_v3(
                connection,
                text,
                -1,
                UInt32(SQLITE_PREPARE_PERSISTENT),
                &prepared,
                nil
            )
        }
        guard status == SQLITE_OK, let prepared = unsafe prepared else {
            throw SQLiteFault(code: status == SQLITE_OK ? SQLITE_MISUSE : status)
        }
        unsafe pointer = prepared
    }

    deinit { unsafe sqlite3_finalize(pointer) }

    /// Binds values to the parameters from the first on.
    func bind(_ values: [SQLiteValue]) throws(SQLiteFault) {
        var index: Int32 = 0
        for value in values {
            index += 1
            let status =
                switch value {
                case .null: unsafe sqlite3_bind_null(pointer, index)
                case .integer(let number): unsafe sqlite3_bind_int64(pointer, index, number)
                case .text(let text): bind(text, index)
                case .blob(let bytes): bind(bytes, index)
                }
            guard status == SQLITE_OK else { throw SQLiteFault(code: status) }
        }
    }

    private func bind(_ text: String, _ index: Int32) -> Int32 {
        unsafe text.withCString {
            unsafe creelsqlite_bind_text(pointer, index, $0, UInt64(text.utf8.count))
        }
    }

    private func bind(_ bytes: [UInt8], _ index: Int32) -> Int32 {
        unsafe bytes.withUnsafeBytes { buffer in
            // A nil pointer would bind NULL, which is not what an empty blob is.
            guard let start = buffer.baseAddress, unsafe !buffer.isEmpty else {
                return unsafe sqlite3_bind_zeroblob(pointer, index, 0)
            }
            return unsafe creelsqlite_bind_blob(pointer, index, start, UInt64(buffer.count))
        }
    }

    /// Goes on to the next row.
    ///
    /// - Returns: False when there is none.
    func step() throws(SQLiteFault) -> Bool {
        switch unsafe sqlite3_step(pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let status: throw SQLiteFault(code: status)
        }
    }

    /// Makes it ready to run again, and lets go of what was bound.
    func reset() {
        unsafe sqlite3_reset(pointer)
        unsafe sqlite3_clear_bindings(pointer)
    }

    // Columns of the present row, counted from 0.

    func isNull(_ column: Int32) -> Bool {
        unsafe sqlite3_column_type(pointer, column) == SQLITE_NULL
    }

    /// The number; 0 where there is none.
    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(pointer, column) }

    func optionalInteger(_ column: Int32) -> Int64? {
        isNull(column) ? nil : integer(column)
    }

    /// The moment; the epoch where there is none.
    func moment(_ column: Int32) -> Timestamp {
        Timestamp(millisecondsSinceEpoch: integer(column))
    }

    func optionalMoment(_ column: Int32) -> Timestamp? {
        optionalInteger(column).map { Timestamp(millisecondsSinceEpoch: $0) }
    }

    /// The text; empty where there is none.
    func text(_ column: Int32) -> String {
        guard let start = unsafe sqlite3_column_text(pointer, column) else { return "" }
        let count = unsafe Int(sqlite3_column_bytes(pointer, column))
        return unsafe String(
            decoding: UnsafeBufferPointer(start: start, count: count),
            as: UTF8.self
        )
    }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    /// The bytes; empty where there are none.
    func blob(_ column: Int32) -> [UInt8] {
        guard let start = unsafe sqlite3_column_blob(pointer, column) else { return [] }
        let count = unsafe Int(sqlite3_column_bytes(pointer, column))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    func optionalBlob(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : blob(column) }
}
