#pragma once
#include <stdint.h>
#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast in a macro, which Swift does not import.
static inline int creelsqlite_bind_text(
    sqlite3_stmt *_Nonnull statement, int index, const char *_Nonnull text, uint64_t byte_count) {
    return sqlite3_bind_text64(
        statement, index, text, byte_count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

// The same reason.
static inline int creelsqlite_bind_blob(
    sqlite3_stmt *_Nonnull statement, int index, const void *_Nonnull bytes, uint64_t byte_count) {
    return sqlite3_bind_blob64(statement, index, bytes, byte_count, SQLITE_TRANSIENT);
}

// sqlite3_db_config is variadic.
static inline int creelsqlite_keep_wal_on_close(sqlite3 *_Nonnull connection) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

// sqlite3_config is variadic. Nobody reads the count of allocated bytes, which costs a lock.
static inline int creelsqlite_omit_statistics(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// sqlite3_db_config is variadic: a file that lies cannot make SQL run that its author chose.
static inline int creelsqlite_defend(sqlite3 *_Nonnull connection) {
    int status = sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
    return status != SQLITE_OK
        ? status : sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
}
