// ReelHTTPServer
