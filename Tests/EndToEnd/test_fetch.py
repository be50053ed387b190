"""Files of videos: every way in which a provider fails to hand one over whole and in time."""

import hashlib
import json
import os

import pytest

import deliveries
import http_calls
import program

MEBIBYTE = 1 << 20


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stored(service, emulator, video, timeout=60):
    """Waits for a video and checks that what is stored is what the provider has."""
    manifest = service.wait_stored(video, timeout)
    assert digest(service.file(video)) == emulator.videos()[video]["files"]["video"]["sha256"]
    return manifest


def content_requests(emulator, video):
    return [
        line
        for line in emulator.log["requests"]
        if line["route"] == "content" and line["video_id"] == video and not line["query"]
    ]


@pytest.mark.parametrize(
    "faults",
    [
        # Chances below 1 spare the fourth request in a row: what is hit is what comes before.
        ["--cut", "0.99", "--cut-at", "99%"],
        ["--cut", "0.99", "--change-etag", "1"],
        ["--cut", "0.99", "--ignore-range", "1"],
        ["--short-length", "0.99"],
        ["--long-length", "0.99"],
        ["--html-content", "0.99"],
    ],
    ids=["reset-at-99", "etag-changes", "range-ignored", "short", "long", "html"],
)
def test_a_file_is_whole_whatever_its_transfers_do(emulate, serve, client, faults):
    emulator = emulate("--duration", "1s", "--content-bytes", 5 * MEBIBYTE, *faults)
    service = serve(emulator)
    video = client(service.console).videos.create(prompt="A reel").id
    stored(service, emulator, video)
    requests = content_requests(emulator, video)
    assert len(requests) > 1, "the fault was not met"
    assert any(request["faults"] for request in requests)


def test_a_transfer_that_is_reset_at_the_end_asks_for_the_rest_alone(emulate, serve, client):
    emulator = emulate(
        "--duration", "1s", "--content-bytes", 20 * MEBIBYTE, "--cut", "0.99", "--cut-at", "99%"
    )
    service = serve(emulator)
    video = client(service.console).videos.create(prompt="A reel").id
    stored(service, emulator, video)
    first, *others = content_requests(emulator, video)
    assert first["range"] is None and others
    for request in others:
        assert request["if_range"]
        # A reset takes with it what had arrived and was not read: up to tcp(7)'s receive buffer.
        assert int(request["range"].removeprefix("bytes=").rstrip("-")) > 10 * MEBIBYTE


def test_a_job_that_the_provider_forgets_is_told_of(emulate, serve, client):
    emulator = emulate("--duration", "2s")
    service = serve(emulator)
    video = client(service.console).videos.create(prompt="A reel").id
    _, id = deliveries.deliver(service.hook, deliveries.event(video=video))
    emulator.act(video, "forget")
    event = service.wait_for_event(id, "dead", timeout=60)
    assert event["reason"] == "forgotten_by_provider"
    assert not service.file(video).exists()


def test_a_link_that_dies_after_three_seconds_is_told_of_as_lost(emulate, serve, client):
    # Every transfer is cut at its first byte, so that none comes to its end in time.
    emulator = emulate(
        "--duration", "1s", "--expire-after", "3s", "--cut", "1", "--cut-at", "0"
    )
    service = serve(emulator)
    video = client(service.console).videos.create(prompt="A reel").id
    service.wait_for("a link dies soon and its video is not here")
    alarms = http_calls.call("GET", f"{service.console}/v1/alarms").json()["data"]
    if alarms:
        assert alarms[0]["video_id"] == video and alarms[0]["seconds_left"] <= 3

    def dead():
        return [event for event in service.events() if event["state"] == "dead"]

    event, = program.wait_until(dead)
    assert event["video_id"] == video
    assert event["reason"] == "expired"
    listed = program.run("videos", "get", video, "--json", "--data", service.data)
    assert '"lost"' in listed.stdout or '"lost"' in listed.stderr, listed.stdout
    metrics = http_calls.call("GET", f"{service.console}/metrics").body.decode()
    assert "reelhook_expiry_alarms_total 1" in metrics
    assert 'reelhook_files_total{result="lost"}' in metrics


def test_the_same_bytes_are_kept_once(emulate, serve, client):
    emulator = emulate("--duration", "500ms")
    service = serve(emulator)
    videos = [client(service.console).videos.create(prompt="A reel").id for _ in range(3)]
    for video in videos:
        service.wait_stored(video)
    # The emulator's thumbnails are all alike, and its videos all differ.
    assert len({os.stat(service.file(video, "thumbnail.webp")).st_ino for video in videos}) == 1
    assert len({os.stat(service.file(video)).st_ino for video in videos}) == 3


@pytest.mark.parametrize("differences", ["keep", "refuse"])
def test_a_film_that_is_not_what_was_ordered(emulate, serve, client, configured, differences):
    emulator = emulate("--duration", "500ms", "--other-film", "1")
    service = serve(emulator, config=configured({"fetch": {"differences": differences}}))
    video = client(service.console).videos.create(prompt="A reel", size="1280x720", seconds="8").id
    text = "lasts 3 s, ordered were 8 s, has 320x180 pixels, ordered were 1280x720"
    if differences == "keep":
        video_file, = [
            file for file in service.wait_stored(video)["files"] if file["variant"] == "video"
        ]
        assert video_file["difference"] == text
    else:
        event, = program.wait_until(
            lambda: [event for event in service.events() if event["state"] == "dead"]
        )
        assert (event["reason"], event["detail"]) == ("not_as_ordered", text)
        assert not service.file(video).exists()
    metrics = http_calls.call("GET", f"{service.console}/metrics").body.decode()
    assert 'reelhook_media_differences_total{trait="duration"} 1' in metrics


def test_a_film_that_is_what_was_ordered_is_not_remarked_on(emulate, serve, client):
    emulator = emulate("--duration", "500ms")
    service = serve(emulator)
    video = client(service.console).videos.create(prompt="A reel", size="1280x720", seconds="8").id
    manifest = service.wait_stored(video)
    assert "difference" not in json.dumps(manifest)


def test_a_throttled_provider_is_waited_for_and_costs_no_video(emulate, serve, client):
    emulator = emulate("--duration", "500ms", "--retry-after", "2")
    service = serve(emulator)
    video = client(service.console).videos.create(prompt="A reel").id
    emulator.faults(http_429=1)
    program.wait_until(
        lambda: [line for line in emulator.log["requests"] if line["status"] == 429]
    )
    emulator.faults(http_429=0)
    stored(service, emulator, video)
