// The tests of ReelEvents.
