// The tests of ReelSystem.
