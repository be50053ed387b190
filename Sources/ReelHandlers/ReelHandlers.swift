// ReelHandlers
