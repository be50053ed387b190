"""What one client may do, who counts as one, and what is refused how."""

import re
import socket
import struct
import subprocess
import threading
import time

import pytest

import deliveries
import http_calls
import program


@pytest.fixture
def limited(serve, provide, configured):
    """Starts a service with those settings of the intake."""

    def start(endpoint=None, **intake):
        file = configured(
            {
                "intake": intake,
                "endpoints": [
                    {"name": "openai", "secrets": program.WEBHOOK_SECRET, **(endpoint or {})}
                ],
            }
        )
        return serve(provide(), config=file)

    return start


def metric(service, name, **labels):
    """The sum of a metric's lines that have these labels."""
    text = http_calls.call("GET", f"{service.console}/metrics").body.decode()
    total = 0
    for line in text.splitlines():
        if re.match(rf"{name}[{{ ]", line) and all(
            f'{key}="{value}"' in line for key, value in labels.items()
        ):
            total += float(line.rsplit(" ", 1)[1])
    return total


def healthy(service, **fields):
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    return http_calls.call("GET", f"{service.intake}/healthz", headers=fields)


RATE = {"requests_per_second": 1, "burst": 3}
LOCAL = ["127.0.0.0/8", "::1"]


def statuses(service, count, **fields):
    return [healthy(service, **fields).status for _ in range(count)]


def test_a_client_that_asks_too_much_is_told_when_to_come_back(limited):
    service = limited(rate_limit=RATE, exempt_networks=[])
    assert statuses(service, 3) == [200] * 3
    answer = healthy(service)
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "1"
    time.sleep(1.1)
    assert healthy(service).status == 200
    assert metric(service, "reelhook_http_requests_limited_total", listener="intake") == 1


def test_programs_on_this_machine_are_exempt_unless_told_otherwise(limited):
    service = limited(rate_limit=RATE)
    assert statuses(service, 10) == [200] * 10


def test_a_field_that_no_trusted_proxy_sent_is_not_believed(limited):
    service = limited(rate_limit=RATE, exempt_networks=[])
    seen = [healthy(service, X_Forwarded_For=f"192.0.2.{n}").status for n in range(5)]
    assert seen == [200] * 3 + [429] * 2
    service.kill()
    service = limited(
        rate_limit=RATE,
        exempt_networks=[],
        client_address="x_forwarded_for",
        trusted_proxies=["10.0.0.0/8"],
    )
    seen = [healthy(service, X_Forwarded_For=f"192.0.2.{n}").status for n in range(5)]
    assert seen == [200] * 3 + [429] * 2


@pytest.mark.parametrize(
    "source, name, one, other",
    [
        ("x_forwarded_for", "X_Forwarded_For", "{}, 198.51.100.1, 127.0.0.2", "{}, 198.51.100.2"),
        ("forwarded", "Forwarded", 'for={}, for="198.51.100.1:8";proto=http', "for=198.51.100.2"),
    ],
)
def test_the_client_is_whom_the_nearest_trusted_proxies_saw(limited, source, name, one, other):
    service = limited(
        rate_limit=RATE, exempt_networks=[], client_address=source, trusted_proxies=LOCAL
    )
    # What the client itself claims, to the left of what a proxy saw, makes no new one of it.
    seen = [healthy(service, **{name: one.format(f"192.0.2.{n}")}).status for n in range(5)]
    assert seen == [200] * 3 + [429] * 2
    assert healthy(service, **{name: other.format("192.0.2.1")}).status == 200


def test_the_field_that_was_not_chosen_is_not_looked_at(limited):
    service = limited(
        rate_limit=RATE, exempt_networks=[], client_address="forwarded", trusted_proxies=LOCAL
    )
    seen = [healthy(service, X_Forwarded_For=f"192.0.2.{n}").status for n in range(5)]
    assert seen == [200] * 3 + [429] * 2


REQUEST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def line(address):
    return f"PROXY TCP4 {address} 192.0.2.99 5000 80\r\n".encode()


def binary(address):
    addresses = socket.inet_aton(address) + socket.inet_aton("192.0.2.99")
    content = addresses + struct.pack("!HH", 5000, 80) + b"\x04\x00\x01x"
    return b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", len(content)) + content


def status(service, data):
    return http_calls.status(http_calls.raw(service.intake, data))


@pytest.mark.parametrize("header", [line, binary])
def test_a_trusted_proxy_tells_the_client_by_a_proxy_header(limited, header):
    service = limited(
        rate_limit=RATE,
        exempt_networks=[],
        client_address="proxy_protocol",
        trusted_proxies=LOCAL,
    )
    data = header("198.51.100.1") + REQUEST
    assert [status(service, data) for _ in range(5)] == [200] * 3 + [429] * 2
    assert status(service, header("198.51.100.2") + REQUEST) == 200
    # Byte by byte, and the request in one piece with the last byte.
    port = int(service.intake.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
        slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        whole = header("198.51.100.3")
        for byte in whole[:-1]:
            slow.sendall(bytes([byte]))
            time.sleep(0.002)
        slow.sendall(whole[-1:] + REQUEST)
        assert slow.recv(100).startswith(b"HTTP/1.1 200 ")
    body = deliveries.event()
    fields = deliveries.headers(body)
    text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    head = f"POST /webhooks/openai HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{text}\r\n"
    assert status(service, header("198.51.100.4") + (head + body).encode()) == 200


def test_a_trusted_proxy_without_its_header_is_closed(limited):
    service = limited(client_address="proxy_protocol", trusted_proxies=LOCAL)
    assert http_calls.raw(service.intake, REQUEST) == b""
    refused = "reelhook_http_proxy_headers_refused_total"
    assert metric(service, refused, reason="no_signature") == 1


def test_a_proxy_header_of_somebody_else_is_a_bad_request(limited):
    service = limited(client_address="proxy_protocol", trusted_proxies=["10.0.0.0/8"])
    assert status(service, line("198.51.100.1") + REQUEST) == 400
    assert status(service, REQUEST) == 200


def test_one_connection_too_many_of_one_client_is_refused(limited):
    service = limited(
        connections_per_address_max=2, client_address="proxy_protocol", trusted_proxies=LOCAL
    )
    port = int(service.intake.rsplit(":", 1)[1])
    keep = REQUEST.replace(b"Connection: close\r\n", b"")
    kept = []
    for _ in range(2):
        kept.append(socket.create_connection(("127.0.0.1", port), timeout=10))
        kept[-1].sendall(line("198.51.100.1") + keep)
        assert kept[-1].recv(1000).startswith(b"HTTP/1.1 200 ")
    refusal = http_calls.raw(service.intake, line("198.51.100.1") + REQUEST)
    assert http_calls.status(refusal) == 503
    assert b"\r\nRetry-After: " in refusal
    # The next client is served, and so are those that were.
    assert status(service, line("198.51.100.2") + REQUEST) == 200
    for connection in kept:
        connection.sendall(keep)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    refused = "reelhook_http_connections_refused_total"
    assert metric(service, refused, listener="intake", reason="client") == 1
    kept[0].close()
    program.wait_until(lambda: status(service, line("198.51.100.1") + REQUEST) == 200)
    kept[1].close()


def test_a_delivery_from_another_network_is_refused_like_any_other(limited):
    service = limited(endpoint={"allowed_networks": ["192.0.2.0/24"]})
    body = deliveries.event()
    answer, _ = deliveries.deliver(service.hook, body)
    forged, _ = deliveries.deliver(service.hook, body, secret=program.NOTIFY_SECRET)
    assert (answer.status, answer.body) == (401, b'{"error":"unauthorized"}')
    assert (forged.status, forged.body) == (answer.status, answer.body)
    total = metric(service, "reelhook_deliveries_total", reason="network_not_allowed")
    assert total == 2
    service.wait_for("network_not_allowed")


def test_a_delivery_from_an_allowed_network_is_taken(limited):
    service = limited(endpoint={"allowed_networks": ["127.0.0.0/8"]})
    answer, _ = deliveries.deliver(service.hook, deliveries.event())
    assert answer.status == 200


def test_a_body_that_comes_too_slowly_is_ended_before_its_time(limited):
    service = limited(
        body_timeout_seconds=60, body_bytes_per_second_min=1000, body_rate_grace_seconds=1
    )
    port = int(service.intake.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as slow:
        slow.sendall(b"POST /webhooks/openai HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        start = time.monotonic()
        slow.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() - start < 15:
            slow.sendall(b"x" * 20)
            try:
                answer = slow.recv(1000)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")
        # One second and what the 200 bytes a second were worth.
        assert 1 <= time.monotonic() - start < 8
    # One that keeps the rate is not ended, long after the grace.
    body = deliveries.event(padding="x" * 6000)
    fields = deliveries.headers(body)
    text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    head = f"POST /webhooks/openai HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{text}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as steady:
        steady.sendall(head.encode())
        for start in range(0, len(body), 600):
            steady.sendall(body[start : start + 600].encode())
            time.sleep(0.25)
        assert steady.recv(100).startswith(b"HTTP/1.1 200 ")


def connect(service):
    port = int(service.intake.rsplit(":", 1)[1])
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def test_content_that_is_not_sent_yet_costs_a_request(limited):
    service = limited(rate_limit=RATE, exempt_networks=[])
    head = b"POST /webhooks/openai HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
    kept = [connect(service) for _ in range(12)]
    for connection in kept:
        connection.sendall(head + b"Expect: 100-continue\r\n\r\n")
    answers = [connection.recv(100)[:13] for connection in kept]
    for connection in kept:
        connection.close()
    # Content is asked for while there are tokens, however few come back meanwhile.
    assert set(answers) == {b"HTTP/1.1 100 ", b"HTTP/1.1 429 "}
    assert answers.count(b"HTTP/1.1 100 ") >= 3


def test_a_malformed_request_costs_one(limited):
    service = limited(rate_limit=RATE, exempt_networks=[])
    answers = [status(service, b"nonsense\r\n\r\n") for _ in range(12)]
    assert answers[:3] == [400] * 3
    assert set(answers) == {400, 429}


def test_content_beyond_the_room_for_all_is_refused_and_what_came_first_is_served(limited):
    service = limited(body_bytes_max=1 << 20, body_bytes_in_flight_max=1 << 20)
    body = deliveries.event(padding="x" * 600_000)
    fields = deliveries.headers(body)
    text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    head = f"POST /webhooks/openai HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{text}\r\n"
    message = (head + body).encode()
    with connect(service) as first, connect(service) as second:
        first.sendall(message[:-1])
        refused = "reelhook_http_contents_refused_total"

        def turned_away():
            with connect(service) as probe:
                probe.sendall(message[: len(head)])
                probe.settimeout(0.2)
                try:
                    return b"\r\nRetry-After: " in probe.recv(1000)
                except TimeoutError:
                    return False

        program.wait_until(turned_away)
        second.sendall(
            b"POST /webhooks/openai HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"fffff\r\n"
            + b"x" * 700_000
        )
        assert second.recv(100).startswith(b"HTTP/1.1 503 ")
        assert metric(service, refused, listener="intake") >= 2
        # A delivery of the common size is taken all the while.
        answer, _ = deliveries.deliver(service.hook, deliveries.event())
        assert answer.status == 200
        first.sendall(message[-1:])
        assert first.recv(100).startswith(b"HTTP/1.1 200 ")
    answer, _ = deliveries.deliver(service.hook, deliveries.event(padding="y" * 600_000))
    assert answer.status == 200


def one_too_many(service):
    kept = [connect(service) for _ in range(3)]
    for connection in kept[:2]:
        connection.sendall(REQUEST.replace(b"Connection: close\r\n", b""))
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    kept[2].sendall(REQUEST)
    answer = kept[2].recv(1000)
    for connection in kept:
        connection.close()
    return answer.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: " in answer


def body_too_large(service):
    head = b"POST /webhooks/openai HTTP/1.1\r\nHost: x\r\nContent-Length: 2049\r\n\r\n"
    return status(service, head) == 413


def third_request_is_the_last(service):
    request = REQUEST.replace(b"Connection: close\r\n", b"")
    answer = http_calls.raw(service.intake, request * 5)
    return answer.count(b"HTTP/1.1 200 ") == 3 and answer.count(b"Connection: close") == 1


def ends_after_a_second(first):
    def check(service):
        with connect(service) as connection:
            if first:
                connection.sendall(first)
                assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
            began = time.monotonic()
            return connection.recv(1) == b"" and 0.5 < time.monotonic() - began < 8

    return check


def a_reader_that_does_not_read_is_cut(service):
    with connect(service) as connection:
        connection.settimeout(0.5)
        try:
            # Until neither side's buffers have room.
            while True:
                connection.sendall(REQUEST.replace(b"Connection: close\r\n", b"") * 500)
        except OSError:
            pass
        timeouts = "reelhook_http_timeouts_total"
        program.wait_until(lambda: metric(service, timeouts, phase="write") == 1, timeout=10)
    return True


def runs_loops(count):
    """Whether it has so many loops, each of which is named by its own thread once that begins."""

    def shows(service):
        tasks = f"/proc/{service.process.pid}/task/*/comm"
        names = subprocess.run(f"cat {tasks}", shell=True, capture_output=True, text=True).stdout
        return len(re.findall(r"^intake-\d+$", names, re.MULTILINE)) == count

    def comes_to_show(service):
        program.wait_until(lambda: shows(service), what=f"{count} loops")
        return True

    return comes_to_show


# What shows that a key is not passed over, with everything else as it is by itself.
@pytest.mark.parametrize(
    "settings, shows",
    [
        ({"connections_max": 2}, one_too_many),
        ({"body_bytes_max": 2048}, body_too_large),
        ({"requests_per_connection_max": 3}, third_request_is_the_last),
        ({"header_timeout_seconds": 1}, ends_after_a_second(b"")),
        ({"write_timeout_seconds": 1}, a_reader_that_does_not_read_is_cut),
        # More than there ever are by themselves.
        ({"event_loops": 6}, runs_loops(6)),
        (
            {"idle_timeout_seconds": 1},
            ends_after_a_second(REQUEST.replace(b"Connection: close\r\n", b"")),
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_limit_is_as_configured(limited, settings, shows):
    assert shows(limited(**settings))


def served(service, client, count):
    """How many of so many requests of a client are let through."""
    request = f"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\n"
    last = request + "Connection: close\r\n\r\n"
    answers = http_calls.raw(service.intake, ((request + "\r\n") * (count - 1) + last).encode())
    assert answers.count(b"HTTP/1.1 ") == count
    return answers.count(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("told_apart, room", [(8, False), (4096, True)])
def test_as_many_addresses_are_told_apart_as_configured(limited, told_apart, room):
    service = limited(
        rate_limit={"requests_per_second": 1, "burst": 30, "addresses_max": told_apart},
        exempt_networks=[],
        client_address="x_forwarded_for",
        trusted_proxies=LOCAL,
    )
    for number in range(8):
        assert served(service, f"192.0.2.{number}", 40) >= 30
    # The ninth takes over what another one owes, where there is no room for its own account.
    assert (served(service, "198.51.100.9", 30) == 30) == room


def test_the_header_limits_are_as_configured(limited):
    service = limited(target_bytes_max=256, header_bytes_max=1024, header_fields_max=8)
    assert status(service, b"GET /" + b"a" * 300 + b" HTTP/1.1\r\nHost: x\r\n\r\n") == 414
    long = b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 1100 + b"\r\n\r\n"
    assert status(service, long) == 431
    assert status(service, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 9 + b"\r\n") == 431


def test_mistakes_in_the_limits_are_told_with_their_places(configured, tmp_path):
    file = configured(
        """{
  "intake": {
    "client_address": "x_forwarded_for",
    "connections_per_address_max": 0,
    "body_bytes_in_flight_max": 2048,
    "exempt_networks": ["127.0.0.1/33"],
    "rate_limit": { "burts": 5 }
  },
  "endpoints": [{ "name": "openai", "secrets": "SECRET", "allowed_networks": [] }]
}""".replace("SECRET", program.WEBHOOK_SECRET)
    )
    told = program.run("serve", "--data", tmp_path / "data", "--config", file)
    assert told.returncode == 2
    for fault in (
        "reelhook.json:3:23 intake.client_address: needs trusted_proxies",
        "reelhook.json:4:36 intake.connections_per_address_max: must be from 1",
        "reelhook.json:5:33 intake.body_bytes_in_flight_max: is less than one body",
        "reelhook.json:6:24 intake.exempt_networks: 127.0.0.1/33 is no network",
        'reelhook.json:7:30 intake.rate_limit.burts: unknown key, did you mean "burst"?',
        "endpoints[0].allowed_networks: names no network",
    ):
        assert fault in told.stderr


def test_a_delivery_beyond_the_writes_that_may_wait_is_told_to_come_back(serve, configured):
    file = configured({"journal": {"pending_writes_max": 1}, "chains": []})
    service = serve(config=file)
    refused = []

    def deliver():
        for _ in range(40):
            body = deliveries.event(video=deliveries.new_id())
            answer, _ = deliveries.deliver(service.hook, body)
            if answer.status != 200:
                refused.append(answer)

    for _ in range(5):
        threads = [threading.Thread(target=deliver) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if refused:
            break
    assert refused
    assert {answer.status for answer in refused} == {503}
    assert all(answer.headers["Retry-After"] for answer in refused)
