// The tests of ReelEmulator.
