// The tests of ReelConsole.
