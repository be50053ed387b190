// Answers every request with its content, as Node's own server reads it.
"use strict";
const fs = require("node:fs");

function echo(request, answer) {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => answer.end(Buffer.concat(pieces)));
}

const [port, certificate, key] = process.argv.slice(2);
const server = certificate
    ? require("node:https").createServer(
        { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) }, echo)
    : require("node:http").createServer(echo);
server.listen(Number(port), "127.0.0.1", 1024);
