// The tests of ReelJSON.
