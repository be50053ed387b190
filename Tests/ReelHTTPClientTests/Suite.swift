// The tests of ReelHTTPClient.
