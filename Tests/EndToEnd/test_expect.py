"""Clients that ask before they send their content (RFC 9110, section 10.1.1)."""

import socket
import urllib.parse

import pytest

import deliveries

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TOKEN = "token-of-more-than-16-bytes"


@pytest.fixture
def service(serve, provide):
    return serve(provide(), env={"REELHOOK_API_TOKEN": TOKEN})


def connect(url):
    parts = urllib.parse.urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def head(path, fields, length, method="POST"):
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Expect: 100-continue"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return ("\r\n".join(lines) + f"\r\nContent-Length: {length}\r\n\r\n").encode()


def test_the_word_to_go_on_comes_before_the_content(service):
    body = deliveries.event().encode()
    fields = deliveries.headers(body.decode())
    with connect(service.intake) as client:
        for _ in range(2):
            client.sendall(head("/webhooks/openai", fields, len(body)))
            assert client.recv(65536) == CONTINUE
            client.sendall(body)
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
    assert service.event(fields["webhook-id"])


def test_who_does_not_wait_is_not_told(service):
    body = deliveries.event().encode()
    fields = deliveries.headers(body.decode())
    with connect(service.intake) as client:
        client.sendall(head("/webhooks/openai", fields, len(body)) + body)
        assert client.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "path, method, length, status",
    [
        ("/elsewhere", "POST", 100, b"404"),
        ("/webhooks/openai", "PUT", 100, b"405"),
        ("/webhooks/openai", "POST", 2 << 20, b"413"),
    ],
)
def test_content_that_would_be_of_no_use_is_not_asked_for(service, path, method, length, status):
    with connect(service.intake) as client:
        client.sendall(head(path, {}, length, method))
        received = client.recv(65536)
        assert received.startswith(b"HTTP/1.1 " + status), received
        assert b"connection: close" in received.lower()
        assert client.recv(65536) == b""


@pytest.mark.parametrize("token, first", [(TOKEN, CONTINUE), ("wrong", b"HTTP/1.1 401")])
def test_the_console_asks_for_content_only_of_who_may_send_it(service, token, first):
    fields = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with connect(service.console) as client:
        client.sendall(head("/v1/videos", fields, 50))
        assert client.recv(65536).startswith(first)


def test_another_expectation_is_refused(service):
    with connect(service.intake) as client:
        client.sendall(head("/webhooks/openai", {}, 5).replace(b"100-continue", b"a-miracle"))
        assert client.recv(65536).startswith(b"HTTP/1.1 417")
