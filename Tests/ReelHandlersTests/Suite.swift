// The tests of ReelHandlers.
