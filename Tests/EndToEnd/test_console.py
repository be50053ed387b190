"""The private listener: stored content with ranges, the event stream, the metrics."""

import hashlib
import http.client
import json
import urllib.parse

import prometheus_client.parser
import pytest

import deliveries
import http_calls
import program
import provider

TOKEN = "a-token-of-the-end-to-end-tests"


@pytest.fixture
def stored(provide, serve):
    """A service that has stored a video."""
    service = serve(provide())
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    service.wait_for_event(id, "done")
    return service


def content(service, **headers):
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return http_calls.call("GET", f"{service.console}/v1/videos/video_1/content", fields)


def test_stored_content_is_served_whole(stored):
    answer = content(stored)
    assert answer.status == 200
    assert answer.body == provider.FILM
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Length"] == str(len(provider.FILM))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"]


def test_stored_content_outlives_the_provider(stored, started):
    for peer in started:
        if isinstance(peer, provider.Provider):
            peer.close()
    assert content(stored).body == provider.FILM


@pytest.mark.parametrize(
    "range, part",
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=100-199", slice(100, 200)),
        ("bytes=20000-", slice(20000, None)),
        ("bytes=-500", slice(-500, None)),
        ("bytes=27000-99999", slice(27000, None)),
    ],
)
def test_a_range_is_a_part(stored, range, part):
    answer = content(stored, Range=range)
    assert answer.status == 206
    assert answer.body == provider.FILM[part]
    first = len(provider.FILM[: part.start]) if part.start >= 0 else len(provider.FILM) + part.start
    last = first + len(answer.body) - 1
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(provider.FILM)}"


def test_a_range_outside_of_the_file_is_told_its_size(stored):
    answer = content(stored, Range=f"bytes={len(provider.FILM)}-")
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(provider.FILM)}"


@pytest.mark.parametrize("range", ["bytes=x-y", "lines=1-2", "bytes=5-1"])
def test_a_range_that_is_none_is_passed_over(stored, range):
    answer = content(stored, Range=range)
    assert (answer.status, answer.body) == (200, provider.FILM)


def test_conditions_on_a_range(stored):
    tag = content(stored).headers["ETag"]
    assert content(stored, Range="bytes=0-9", If_Range=tag).status == 206
    assert content(stored, Range="bytes=0-9", If_Range='"another"').status == 200
    assert content(stored, If_None_Match=tag).status == 304


class Feed:
    """GET /v1/events, read line by line."""

    def __init__(self, service, last=None, query=""):
        parts = urllib.parse.urlsplit(service.console)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        headers = {"Last-Event-ID": str(last)} if last is not None else {}
        self.connection.request("GET", "/v1/events" + query, headers=headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200
        assert self.response.getheader("Content-Type").startswith("text/event-stream")

    def next(self):
        """The next event: its id, its name and its data."""
        fields = {}
        while True:
            line = self.response.readline().decode().rstrip("\r\n")
            if not line and "data" in fields:
                return int(fields["id"]), fields.get("event"), json.loads(fields["data"])
            name, _, value = line.partition(": ")
            if name in ("id", "event", "data"):
                fields[name] = value

    def close(self):
        self.connection.close()


def test_the_event_stream_goes_on_where_it_was_across_a_restart(provide, serve, started):
    service = serve(provide())
    ids = [deliveries.deliver(service.hook, deliveries.event(video=f"video_{n}"))[1] for n in "123"]
    feed = Feed(service, last=0)
    started.append(feed)
    seen = [feed.next() for _ in ids]
    assert [data["webhook_id"] for _, _, data in seen] == ids
    assert [name for _, name, _ in seen] == ["video.completed"] * 3
    assert [number for number, _, _ in seen] == sorted(number for number, _, _ in seen)
    later = [deliveries.deliver(service.hook, deliveries.event(video="video_4"))[1]]
    assert feed.next()[2]["webhook_id"] == later[0]
    assert service.end() == 0
    service = serve.again(service)
    later.append(deliveries.deliver(service.hook, deliveries.event(video="video_5"))[1])
    feed = Feed(service, last=seen[-1][0])
    started.append(feed)
    assert [feed.next()[2]["webhook_id"] for _ in later] == later


def test_the_tail_of_the_command_line_survives_a_restart(provide, serve, started):
    service = serve(provide())
    _, first = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    tail = program.Program(
        ["events", "tail", "--json", "--after", "0", "--data", service.data]
    )
    started.append(tail)
    tail.wait_for(first)
    service.end()
    service = serve.again(service)
    _, second = deliveries.deliver(service.hook, deliveries.event(video="video_2"))
    tail.wait_for(second)
    assert sum(first in line for line in tail.lines) == 1


def test_the_metrics_are_prometheus_text(stored):
    http_calls.call("POST", stored.hook, {}, b"forged")
    answer = http_calls.call("GET", f"{stored.console}/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    families = {
        family.name: family
        for family in prometheus_client.parser.text_string_to_metric_families(answer.body.decode())
    }
    samples = [
        sample for family in families.values() for sample in family.samples
        if sample.name == "reelhook_deliveries_total"
    ]
    outcomes = {}
    for sample in samples:
        outcome = sample.labels["outcome"]
        outcomes[outcome] = outcomes.get(outcome, 0) + sample.value
    assert outcomes["accepted"] == 1
    assert outcomes["refused"] == 1
    for family in families.values():
        assert family.documentation, family.name


def test_a_token_guards_the_console(provide, serve):
    service = serve(provide(), env={"REELHOOK_API_TOKEN": TOKEN})
    for path in ("/v1/videos", "/v1/events", "/metrics", "/v1/videos/video_1/content"):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            answer = http_calls.call("GET", service.console + path, headers)
            assert answer.status == 401, path
            assert TOKEN.encode() not in answer.body
    allowed = {"Authorization": f"Bearer {TOKEN}"}
    assert http_calls.call("GET", service.console + "/metrics", allowed).status == 200
    assert deliveries.deliver(service.hook, deliveries.event())[0].status == 200


def test_a_page_of_another_site_cannot_use_the_console(stored):
    """What a browser would send when a foreign page posts to the loopback address."""
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    answer = http_calls.call("GET", f"{stored.console}/v1/videos", headers)
    assert answer.status in (400, 401, 403, 421)


def test_download_by_the_command_line(stored, tmp_path):
    target = tmp_path / "film.mp4"
    result = program.run("videos", "download", "video_1", "--output", target, "--data", stored.data)
    assert result.returncode == 0, result.stderr
    assert hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(provider.FILM).digest()


def test_a_provider_that_is_down_is_said_to_be(serve):
    service = serve(f"http://127.0.0.1:{program.free_port()}")
    answer = http_calls.call("GET", f"{service.console}/v1/videos")
    assert answer.status in (502, 503, 504)
    assert answer.json()["error"]["message"]
