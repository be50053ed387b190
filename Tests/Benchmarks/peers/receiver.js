// A receiver on Node's own server: it verifies a delivery and keeps nothing.
"use strict";
const crypto = require("node:crypto");
const fs = require("node:fs");

const bodyMost = 1 << 20;
const received = '{"received":true}';
const fieldsOfReceived = {
    "content-type": "application/json", "content-length": received.length,
};
const key = Buffer.from(process.env.OPENAI_WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");

function isGood(fields, body) {
    const id = fields["webhook-id"];
    const moment = fields["webhook-timestamp"];
    if (!id || !/^[0-9]{1,11}$/.test(moment ?? "")) return false;
    if (Math.abs(Date.now() / 1000 - Number(moment)) > 300) return false;
    const mac = crypto.createHmac("sha256", key).update(`${id}.${moment}.`).update(body).digest();
    return (fields["webhook-signature"] ?? "").split(" ").some((signature) => {
        if (!signature.startsWith("v1,")) return false;
        const given = Buffer.from(signature.slice(3), "base64");
        return given.length === mac.length && crypto.timingSafeEqual(given, mac);
    });
}

function receive(request, answer) {
    const pieces = [];
    let length = 0;
    request.on("data", (piece) => {
        length += piece.length;
        if (length <= bodyMost) pieces.push(piece);
    });
    request.on("end", () => {
        const isOurs = request.method === "POST" && request.url === "/webhooks/openai";
        if (length > bodyMost) answer.writeHead(413).end();
        else if (!isOurs) answer.writeHead(404).end();
        else if (!isGood(request.headers, Buffer.concat(pieces))) answer.writeHead(401).end();
        else answer.writeHead(200, fieldsOfReceived).end(received);
    });
}

const [port, certificate, certificateKey] = process.argv.slice(2);
const server = certificate
    ? require("node:https").createServer(
        { cert: fs.readFileSync(certificate), key: fs.readFileSync(certificateKey) }, receive)
    : require("node:http").createServer(receive);
server.listen(Number(port), "127.0.0.1", 4096);
