// The tests of ReelHTTPServer.
