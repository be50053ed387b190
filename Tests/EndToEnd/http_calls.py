"""Requests without a library that follows redirects, retries or repairs anything."""

import http.client
import json
import socket
import urllib.parse


class Answer:
    """A response that was read to its end."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


def connect(url, timeout=30, trust=None):
    """A connection for several requests; `trust` is a context of `ssl` for HTTPS."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=timeout, context=trust
        )
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)


def call(method, url, headers=None, body=None, timeout=30, trust=None):
    """One request over a connection of its own."""
    parts = urllib.parse.urlsplit(url)
    connection = connect(url, timeout, trust)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target or "/", body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


def raw(url, data, timeout=10, half_close=False):
    """Sends bytes as they are and returns everything that comes back until the peer closes."""
    parts = urllib.parse.urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=timeout) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        try:
            while True:
                piece = connection.recv(65536)
                if not piece:
                    return received
                received += piece
        except (TimeoutError, ConnectionResetError):
            return received


def status(received):
    """The status of the first response in bytes that were received; 0 for none."""
    line = received.split(b"\r\n", 1)[0].split(b" ")
    return int(line[1]) if len(line) > 1 and line[0].startswith(b"HTTP/1.") else 0
