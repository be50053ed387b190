// The tests of Reelhook.
