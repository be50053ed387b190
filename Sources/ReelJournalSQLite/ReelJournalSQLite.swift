// ReelJournalSQLite
