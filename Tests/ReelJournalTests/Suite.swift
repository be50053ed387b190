// The tests of ReelJournal.
