"""kill -9 at the worst moments: what was acknowledged is stored after a restart."""

import hashlib
import random
import threading
import time

import pytest

import deliveries
import http_calls
import program
import provider


def test_killed_between_the_answer_and_the_work(provide, serve):
    held = threading.Event()

    def stalled(connection, request):
        if not held.wait(20):
            return
        peer.completed(connection, request)

    peer = provide(status=stalled)
    service = serve(peer)
    answer, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    assert answer.status == 200
    program.wait_until(lambda: peer.requests, what="the service's question")
    service.kill()
    assert not service.file("video_1").exists()
    held.set()
    service = serve.again(service)
    service.wait_for_event(id, "done")
    assert service.file("video_1").read_bytes() == provider.FILM


def test_killed_in_the_middle_of_a_download(emulate, serve):
    emulator = emulate("--duration", "200ms", "--content-bytes", 3_000_000)
    service = serve(emulator)
    # Before there is a video: the list may tell of it before the delivery does.
    emulator.faults(stall=1)
    video = emulator.create()
    program.wait_until(lambda: emulator.videos()[video]["status"] == "completed")
    answer, _ = deliveries.deliver(service.hook, deliveries.event(video=video))
    assert answer.status == 200

    def parts():
        return [
            path
            for path in service.data.rglob("*.part")
            if 0 < path.stat().st_size < 3_000_000
        ]

    program.wait_until(parts, what="a part of the film on disk")
    service.kill()
    assert not service.file(video).exists()
    emulator.faults(stall=0)
    service = serve.again(service)
    service.wait_stored(video)
    content = service.file(video).read_bytes()
    truth = emulator.videos()[video]["files"]["video"]
    assert len(content) == 3_000_000
    assert hashlib.sha256(content).hexdigest() == truth["sha256"]
    assert list(service.data.rglob("*.part")) == []


def test_killed_in_the_middle_of_a_large_download_it_asks_for_the_rest_alone(provide, serve):
    # A film of 12 MiB: what fills it up is a box that players skip.
    size = 12 << 20
    filler = size - len(provider.FILM)
    film = provider.FILM + filler.to_bytes(4, "big") + b"free" + random.Random(1).randbytes(filler - 8)
    is_killed = threading.Event()

    def content(connection, request):
        start = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        status, extra = "200 OK", 'ETag: "film"\r\n'
        if start:
            assert request.headers["if-range"] == '"film"'
            status = "206 Partial Content"
            extra += f"Content-Range: bytes {start}-{size - 1}/{size}\r\n"
        if is_killed.is_set():
            return provider.send(connection, film[start:], status=status, extra=extra)
        provider.send(connection, film[: 7 << 20], length=size, extra=extra)
        # Progress is recorded a second after the last time at the earliest, when more comes.
        time.sleep(1.2)
        connection.sendall(film[7 << 20 : 8 << 20])
        is_killed.wait(30)

    peer = provide(content=content)
    service = serve(peer)
    answer, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    assert answer.status == 200

    def partial():
        listed = program.run("videos", "get", "video_1", "--json", "--data", service.data).stdout
        return '"state":"partial"' in listed and '"bytes":0,' not in listed.split('"variant":"video"')[1]

    program.wait_until(partial, what="a record of how far the download got")
    service.kill()
    is_killed.set()
    service = serve.again(service)
    service.wait_for_event(id, "done")
    assert hashlib.sha256(service.file("video_1").read_bytes()).digest() == hashlib.sha256(film).digest()
    first, *others = [
        request.headers.get("range") for request in peer.requests
        if request.path.endswith("/content") and request.query in ("", "variant=video")
    ]
    assert first is None
    rest, = others
    assert int(rest.removeprefix("bytes=").rstrip("-")) > 4 << 20
    assert list(service.data.rglob("*.part")) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_any_moment_again_and_again(emulate, serve, receive, seed):
    moments = random.Random(seed)
    receiver = receive()
    emulator = emulate("--duration", "100ms", "--seed", seed, "--cut", "30%")
    service = serve(
        emulator,
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    videos = [emulator.create() for _ in range(20)]
    program.wait_until(
        lambda: all(video["status"] == "completed" for video in emulator.videos().values())
    )
    acknowledged = []
    for round in range(5):
        killer = threading.Timer(moments.uniform(0.02, 0.4), service.process.kill)
        killer.start()
        for video in videos[4 * round : 4 * round + 4]:
            try:
                answer, _ = deliveries.deliver(service.hook, deliveries.event(video=video))
            except OSError:
                continue
            if answer.status == 200:
                acknowledged.append(video)
        killer.join()
        service.kill()
        service = serve.again(service)
    truth = emulator.videos()
    for video in acknowledged:
        service.wait_stored(video, 90)
        content = service.file(video).read_bytes()
        assert hashlib.sha256(content).hexdigest() == truth[video]["files"]["video"]["sha256"]
    program.wait_until(lambda: told(receiver) >= set(acknowledged), 60, "every notification")
    assert receiver.faults == []
    # Killed between a receiver's 2xx and its record, a notification is sent again: the same id.
    by_video = {}
    for fields, body in receiver.accepted:
        by_video.setdefault(body["data"]["id"], set()).add(fields["webhook-id"])
    assert all(len(ids) == 1 for ids in by_video.values())


def told(receiver):
    return {body["data"]["id"] for _, body in receiver.accepted}


def test_a_graceful_stop_loses_nothing_and_ends_with_zero(emulate, serve):
    emulator = emulate("--duration", "100ms")
    service = serve(emulator)
    videos = [emulator.create() for _ in range(5)]
    for video in videos:
        deliveries.deliver(service.hook, deliveries.event(video=video))
    assert service.end() == 0
    service = serve.again(service)
    for video in videos:
        service.wait_stored(video)


def test_a_second_service_on_the_same_directory_says_so(provide, serve):
    peer = provide()
    service = serve(peer)
    second = program.run(
        *("serve", "--data", service.data, "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"),
        env=service.settings,
        timeout=20,
    )
    assert second.returncode == 1
    assert "another reelhook" in second.stderr and "is running" in second.stderr
    assert http_calls.call("GET", service.intake + "/readyz").status == 200


def test_without_a_clean_end_the_control_socket_is_taken_over(provide, serve):
    service = serve(provide())
    service.kill()
    service = serve.again(service)
    listed = program.run("videos", "track", "video_1", "--data", service.data)
    assert listed.returncode == 0, listed.stderr
