// The tests of ReelHTTP.
