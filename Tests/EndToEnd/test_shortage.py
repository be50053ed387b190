"""A disk that refuses, a file too large for memory, a stop in the middle of work."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

import deliveries
import http_calls
import program


def test_a_journal_that_cannot_grow_says_503_and_keeps_what_it_acknowledged(
    provide, serve, monkeypatch
):
    service = serve(provide())
    service.end()

    def limited(*arguments, **options):
        # No file may grow past this, as on a full disk; the signal for it stays ignored.
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

        return popen(*arguments, preexec_fn=limit, restore_signals=False, **options)

    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", limited)
    service = serve.again(service)
    monkeypatch.undo()
    acknowledged, refused = [], None
    for _ in range(400):
        answer, id = deliveries.deliver(
            service.hook, deliveries.event(type="response.completed", padding="x" * 5000)
        )
        if answer.status != 200:
            refused = answer
            break
        acknowledged.append(id)
    assert refused and refused.status == 503
    assert int(refused.headers["Retry-After"]) > 0
    ready = http_calls.call("GET", service.intake + "/readyz")
    assert ready.status == 503
    assert ready.json()["checks"]
    assert http_calls.call("GET", service.intake + "/healthz").status == 200
    service.kill()
    service = serve.again(service)
    kept = {event["webhook_id"] for event in service.events()}
    assert set(acknowledged) <= kept
    assert http_calls.call("GET", service.intake + "/readyz").status == 200
    assert deliveries.deliver(service.hook, deliveries.event())[0].status == 200


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 MiB, which only root can mount."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system takes root")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(place, name="ballast"):
    """Writes a file until the disk has no room for one more page, and returns it."""
    ballast = place / name
    with open(ballast, "wb", buffering=0) as file:
        piece = 1 << 20
        while piece >= 1:
            try:
                file.write(b"x" * piece)
            except OSError:
                piece //= 2
    return ballast


def test_a_full_disk_lets_work_end_and_takes_nothing_new(
    provide, serve, receive, configured, small_disk
):
    answered = threading.Event()

    def answer(index):
        answered.wait(60)
        return 200

    receiver = receive(answer=answer)
    chain = {
        "name": "completed",
        "on": ["video.completed"],
        "steps": [
            {"fetch": {"variants": ["video"]}},
            {"store": {}},
            {"notify": {"url": receiver.url, "secrets": [program.NOTIFY_SECRET], "timeout_seconds": 90}},
        ],
    }
    service = serve(
        provide(),
        data=small_disk / "data",
        config=configured(
            {"chains": [chain], "journal": {"reserve_bytes": 4 << 20}, "fetch": {"reserve_bytes": 0}}
        ),
    )
    reserve = service.data / ".reelhook.db.reserve"
    assert reserve.stat().st_blocks * 512 >= 4 << 20

    def status():
        return json.loads(program.run("status", "--json", "--data", service.data).stdout)

    def gauge(name):
        metrics = http_calls.call("GET", service.console + "/metrics").body.decode()
        return re.search(rf"^{name} (\d+)$", metrics, re.M)[1]

    assert status()["disk_full_since"] is None
    _, working = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    program.wait_until(lambda: service.file("video_1", "manifest.json").exists())
    ballast = fill(small_disk)
    acknowledged, refused = [working], None
    for _ in range(4000):
        response, id = deliveries.deliver(
            service.hook, deliveries.event(type="response.completed", padding="x" * 9000)
        )
        if response.status != 200:
            refused = response
            break
        acknowledged.append(id)
    assert refused and refused.status == 503 and int(refused.headers["Retry-After"]) > 0
    assert not reserve.exists()
    service.wait_for("The disk is full: nothing new is taken in")
    # It stays full for whoever brings something new, and is told of everywhere.
    assert deliveries.deliver(service.hook, deliveries.event())[0].status == 503
    assert http_calls.call("GET", service.intake + "/readyz").status == 503
    assert gauge("reelhook_journal_disk_full") == "1"
    assert gauge("reelhook_journal_reserve_bytes") == "0"
    assert status()["disk_full_since"]
    assert "full since" in program.run(
        "doctor", "--data", service.data, env=service.settings
    ).stdout
    # What runs is brought to its end, and written down.
    answered.set()
    service.wait_for_event(working, "done")
    # Reads are answered.
    assert http_calls.call("GET", service.console + "/v1/videos/video_1/content").status == 200
    service.kill()
    # With not a byte left it starts all the same, says what is wrong and waits.
    last = fill(small_disk, "last")
    service = serve.again(service)
    assert deliveries.deliver(service.hook, deliveries.event())[0].status == 503
    assert http_calls.call("GET", service.intake + "/readyz").status == 503
    assert http_calls.call("GET", service.console + "/v1/videos/video_1/content").status == 200
    ballast.unlink()
    last.unlink()
    program.wait_until(
        lambda: deliveries.deliver(service.hook, deliveries.event())[0].status == 200
    )
    assert reserve.stat().st_blocks * 512 >= 4 << 20
    assert http_calls.call("GET", service.intake + "/readyz").status == 200
    assert gauge("reelhook_journal_disk_full") == "0"
    now = status()
    assert now["disk_full_since"] is None and now["disk_last_full"]
    assert set(acknowledged) <= {event["webhook_id"] for event in service.events()}
    assert service.event(working)["state"] == "done"
    assert service.end() == 0
    result = program.run("check", "--full", "--data", service.data)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_full_disk_keeps_no_service_from_starting_after_a_clean_end(
    provide, serve, configured, small_disk
):
    service = serve(
        provide(),
        data=small_disk / "data",
        config=configured({"journal": {"reserve_bytes": 4 << 20}, "fetch": {"reserve_bytes": 0}}),
    )
    assert service.end() == 0
    # Of the journal only the database and the reserve are left.
    ballast = fill(small_disk)
    service = serve.again(service)
    assert deliveries.deliver(service.hook, deliveries.event())[0].status == 503
    assert http_calls.call("GET", service.intake + "/readyz").status == 503
    ballast.unlink()
    program.wait_until(
        lambda: deliveries.deliver(service.hook, deliveries.event())[0].status == 200
    )


def test_a_full_disk_lets_much_work_end(provide, serve, receive, configured, small_disk):
    receiver = receive(answer=lambda index: 503 if not told.is_set() else 200)
    told = threading.Event()
    chain = {
        "name": "completed",
        "on": ["video.completed"],
        "steps": [{"notify": {"url": receiver.url, "secrets": [program.NOTIFY_SECRET]}}],
    }
    service = serve(
        provide(),
        data=small_disk / "data",
        config=configured(
            {
                "chains": [chain],
                "dispatch": {"breaker_probe_seconds": 1},
                "journal": {"reserve_bytes": 4 << 20, "log_bytes_max": 8 << 20},
                "fetch": {"reserve_bytes": 0},
            }
        ),
    )
    events = [deliveries.event(video=f"video_{index}") for index in range(300)]
    working = [deliveries.deliver(service.hook, event)[1] for event in events]
    fill(small_disk)
    for _ in range(4000):
        response, _ = deliveries.deliver(
            service.hook, deliveries.event(type="response.completed", padding="x" * 9000)
        )
        if response.status != 200:
            break
    assert response.status == 503
    told.set()
    for id in working:
        service.wait_for_event(id, "done", timeout=60)


def test_a_program_that_reads_the_journal_for_ever_is_named_and_fills_no_disk(
    provide, serve, configured
):
    bound = 1 << 20
    service = serve(provide(), config=configured({"journal": {"log_bytes_max": bound}}))
    log = service.data / "reelhook.db-wal"
    reading = (
        "import sqlite3, sys\n"
        "journal = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)\n"
        "journal.execute('BEGIN')\n"
        "journal.execute('SELECT count(*) FROM entries').fetchone()\n"
        "print('reading', flush=True)\n"
        "sys.stdin.read()\n"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", reading, service.data / "reelhook.db"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert reader.stdout.readline() == b"reading\n"
        acknowledged = []
        for _ in range(1000):
            answer, id = deliveries.deliver(
                service.hook, deliveries.event(type="response.completed", padding="x" * 9000)
            )
            if answer.status != 200:
                break
            acknowledged.append(id)
        assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0
        assert bound <= log.stat().st_size < 2 * bound
        ready = http_calls.call("GET", service.intake + "/readyz")
        assert ready.status == 503 and ready.json()["checks"] == ["journal_log_too_long"]
        service.wait_for(rf"log grows.*\b{reader.pid} \(python")
    finally:
        reader.communicate()
    program.wait_until(
        lambda: deliveries.deliver(service.hook, deliveries.event())[0].status == 200
    )
    assert http_calls.call("GET", service.intake + "/readyz").status == 200
    assert set(acknowledged) <= {event["webhook_id"] for event in service.events()}


def memory(service):
    """The most memory that the process has had, in bytes."""
    status = pathlib.Path(f"/proc/{service.process.pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024


def test_memory_does_not_grow_with_the_file(provide, serve):
    import provider

    size = 256 << 20
    box = size - len(provider.FILM)
    piece = b"\0" * (1 << 20)

    def content(connection, request):
        head = provider.FILM + box.to_bytes(4, "big") + b"free"
        provider.send(connection, head, length=size)
        left = size - len(head)
        while left:
            left -= connection.send(piece[: min(left, len(piece))])

    service = serve(provide(content=content))
    before = memory(service)
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    service.wait_for_event(id, "done", timeout=120)
    assert service.file("video_1").stat().st_size == size
    assert memory(service) - before < 64 << 20
    answer = http_calls.call("GET", f"{service.console}/v1/videos/video_1/content", timeout=120)
    assert len(answer.body) == size
    assert memory(service) - before < 64 << 20


def test_a_stop_in_the_middle_of_a_download_is_quick_and_loses_nothing(emulate, serve, configured):
    emulator = emulate("--duration", "200ms")
    service = serve(emulator, config=configured({"dispatch": {"stop_grace_seconds": 1}}))
    video = emulator.create()
    program.wait_until(lambda: emulator.videos()[video]["status"] == "completed")
    emulator.faults(stall=1)
    deliveries.deliver(service.hook, deliveries.event(video=video))
    program.wait_until(lambda: list(service.data.rglob("*.part")))
    start = time.monotonic()
    assert service.end() == 0
    assert time.monotonic() - start < 10
    emulator.faults(stall=0)
    service = serve.again(service)
    service.wait_stored(video)


def test_a_stop_with_an_open_event_stream_is_quick(provide, serve):
    import http.client
    import urllib.parse

    service = serve(provide())
    parts = urllib.parse.urlsplit(service.console)
    feed = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    feed.request("GET", "/v1/events")
    response = feed.getresponse()
    start = time.monotonic()
    assert service.end() == 0
    assert time.monotonic() - start < 5
    response.read()
    feed.close()


def test_many_deliveries_at_once_are_all_kept(provide, serve):
    service = serve(provide())

    def deliver(number):
        return deliveries.deliver(service.hook, deliveries.event(type="response.completed"))

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        outcomes = list(pool.map(deliver, range(500)))
    assert {answer.status for answer, _ in outcomes} == {200}
    assert {id for _, id in outcomes} == {event["webhook_id"] for event in service.events()}


@pytest.mark.parametrize("status", [302, 410])
def test_a_receiver_that_moved_or_is_gone(provide, serve, receive, status):
    receiver = receive(answer=lambda index: status)
    service = serve(
        provide(),
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    if status == 410:
        event = service.wait_for_event(id, "dead")
        assert event["reason"] == "target_gone"
        assert len(receiver.deliveries) == 1
    else:
        program.wait_until(lambda: len(receiver.deliveries) >= 2)
        assert service.event(id)["state"] in ("waiting", "running", "pending")


def test_two_providers_and_endpoints_of_their_own(provide, serve, configured):
    first, second = provide(), provide()
    other = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
    service = serve(
        config=configured(
            {
                "providers": [
                    {"name": "first", "base_url": first.url + "/v1", "api_key": "k-first-12345"},
                    {"name": "second", "base_url": second.url + "/v1"},
                ],
                "endpoints": [
                    {"name": "first", "secrets": [{"env": "FIRST_SECRET"}]},
                    {"name": "second", "path": "/in/second", "secrets": [{"env": "SECOND"}]},
                ],
            }
        ),
        env={
            "FIRST_SECRET": program.WEBHOOK_SECRET,
            "SECOND": other,
            "OPENAI_WEBHOOK_SECRET": "",
            "OPENAI_API_KEY": "",
        },
    )
    hooks = {"first": "/webhooks/first", "second": "/in/second"}
    secrets = {"first": program.WEBHOOK_SECRET, "second": other}
    for name, path in hooks.items():
        answer, id = deliveries.deliver(
            service.intake + path, deliveries.event(video=f"video_{name}"), secret=secrets[name]
        )
        assert answer.status == 200
        event = service.wait_for_event(id, "done")
        assert (event["source"], event["provider"]) == (name, name)
        assert service.file(f"video_{name}").exists()
    wrong, _ = deliveries.deliver(service.intake + "/in/second", deliveries.event())
    assert wrong.status == 401
    assert [request.headers.get("authorization") for request in second.requests] == [
        None for _ in second.requests
    ]


def test_the_lenient_reading_of_signatures_is_there_when_asked_for(provide, serve, configured):
    service = serve(
        provide(),
        config=configured(
            {
                "endpoints": [
                    {
                        "name": "openai",
                        "secrets": [{"env": "OPENAI_WEBHOOK_SECRET"}],
                        "compatibility": "openai",
                    }
                ]
            }
        ),
    )
    body = deliveries.event()
    fields = deliveries.headers(body)
    fields["webhook-signature"] = fields["webhook-signature"].removeprefix("v1,")
    assert http_calls.call("POST", service.hook, fields, body.encode()).status == 200


def test_a_video_that_is_stored_keeps_its_digest(provide, serve):
    import provider

    service = serve(provide())
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    service.wait_for_event(id, "done")
    digest = hashlib.sha256(provider.FILM).hexdigest()
    assert digest in service.file("video_1", "manifest.json").read_text()
    mode = service.file("video_1").stat().st_mode & 0o777
    assert mode & 0o022 == 0, oct(mode)
