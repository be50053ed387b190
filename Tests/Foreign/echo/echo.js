// Answers every request with its content, as Node's own server reads it.
"use strict";
const server = require("node:http").createServer((request, answer) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => answer.end(Buffer.concat(pieces)));
});
server.listen(Number(process.argv[2]), "127.0.0.1", 1024);
