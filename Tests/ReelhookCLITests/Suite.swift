// The tests of ReelhookCLI.
