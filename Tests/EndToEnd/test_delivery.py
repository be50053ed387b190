"""From a signed delivery, or none, to the stored file and the notification."""

import hashlib
import json

import pytest

import deliveries
import program


def test_a_completed_video_is_stored_and_announced(emulate, serve, receive):
    receiver = receive()
    port = program.free_port()
    emulator = emulate(
        "--duration", "1s", webhook=f"http://127.0.0.1:{port}/webhooks/openai"
    )
    service = serve(
        emulator,
        intake=port,
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    video = emulator.create("A paper boat")
    manifest = service.wait_stored(video)
    truth = emulator.videos()[video]["files"]
    names = {"video": "video.mp4", "thumbnail": "thumbnail.webp", "spritesheet": "spritesheet.jpg"}
    for variant, name in names.items():
        content = service.file(video, name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == truth[variant]["sha256"]
    text = json.dumps(manifest)
    for file in truth.values():
        assert file["sha256"] in text
    for word in ("openai", "sora-2", "A paper boat", "720x1280"):
        assert word in text
    program.wait_until(lambda: receiver.deliveries)
    assert receiver.faults == []
    (fields, body), = receiver.accepted
    assert body["type"] == "video.completed"
    assert body["data"]["id"] == video
    event, = [event for event in service.events() if event["video_id"] == video]
    assert event["state"] == "done"
    assert [step["name"] for step in event["steps"]] == ["fetch", "store", "notify"]
    assert {step["state"] for step in event["steps"]} == {"done"}


def test_a_failed_video_is_recorded_and_announced(emulate, serve, receive):
    receiver = receive()
    port = program.free_port()
    emulator = emulate(
        "--duration", "500ms", webhook=f"http://127.0.0.1:{port}/webhooks/openai"
    )
    service = serve(
        emulator,
        intake=port,
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    video = emulator.create("x [fail]")
    program.wait_until(lambda: receiver.deliveries)
    assert receiver.faults == []
    (_, body), = receiver.accepted
    assert (body["type"], body["data"]["id"]) == ("video.failed", video)
    assert not service.file(video).exists()


def test_a_notification_is_tried_again_under_its_id(provide, serve, receive):
    # The second attempt comes after five seconds, as the Standard Webhooks guide has it.
    receiver = receive(answer=lambda index: 500 if index < 1 else 200)
    service = serve(
        provide(),
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    deliveries.deliver(service.hook, deliveries.event())
    program.wait_until(lambda: receiver.accepted)
    assert receiver.faults == []
    assert len(receiver.deliveries) == 2
    first, second = [int(fields["webhook-timestamp"]) for _, fields, _ in receiver.deliveries]
    assert 4 <= second - first <= 8
    assert len({fields["webhook-id"] for _, fields, _ in receiver.deliveries}) == 1


def test_a_server_without_webhooks_is_polled(emulate, serve, client):
    emulator = emulate("--duration", "3s")
    service = serve(emulator)
    video = client(service.console).videos.create(prompt="A reel").id
    service.wait_stored(video, 30)
    event, = [event for event in service.events() if event["video_id"] == video]
    assert event["origin"] == "poll"
    assert event["webhook_id"] is None


def test_a_tracked_video_is_polled(emulate, serve):
    emulator = emulate("--duration", "1s")
    service = serve(emulator)
    video = emulator.create()
    tracked = program.run("videos", "track", video, "--data", service.data)
    assert tracked.returncode == 0, tracked.stderr
    waited = program.run("videos", "wait", video, "--timeout", "30s", "--data", service.data)
    assert waited.returncode == 0, waited.stderr
    service.wait_stored(video, 1)


def test_videos_that_were_there_before_are_found_in_the_list(emulate, serve):
    emulator = emulate("--duration", "200ms")
    videos = [emulator.create() for _ in range(3)]
    service = serve(emulator)
    for video in videos:
        service.wait_stored(video, 40)


def test_a_missed_event_is_caught_within_thirty_seconds(emulate, serve, client):
    port = program.free_port()
    emulator = emulate(
        "--duration", "2s", webhook=f"http://127.0.0.1:{port}/webhooks/openai"
    )
    service = serve(emulator, intake=port)
    videos = client(service.console).videos
    # One that is told of, so that webhooks are known to arrive; then one that is not.
    service.wait_stored(videos.create(prompt="A reel").id)
    emulator.faults(drop_webhooks=1)
    missed = videos.create(prompt="A reel").id
    service.wait_stored(missed, 2 + 30 + 5)


def test_a_webhook_and_a_poll_of_one_end_run_the_chain_once(emulate, serve, receive, client):
    receiver = receive()
    emulator = emulate("--duration", "1s")
    service = serve(
        emulator,
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    video = client(service.console).videos.create(prompt="A reel").id
    service.wait_stored(video)
    program.wait_until(lambda: receiver.deliveries)
    answer, id = deliveries.deliver(service.hook, deliveries.event(video=video))
    assert answer.json() == {"received": True}
    second = service.wait_for_event(id, "duplicate")
    assert second["steps"] == []
    assert len(receiver.deliveries) == 1


def test_a_late_contradiction_is_recorded_and_changes_nothing(provide, serve):
    service = serve(provide())
    _, first = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    service.wait_for_event(first, "done")
    answer, second = deliveries.deliver(
        service.hook, deliveries.event(type="video.failed", video="video_1")
    )
    assert answer.status == 200
    assert service.event(second)["state"] == "contradicted"
    assert service.file("video_1").exists()


def test_a_run_step_gets_the_event_after_the_store(provide, serve, configured, tmp_path):
    script = tmp_path / "after.py"
    seen = tmp_path / "seen.json"
    script.write_text(
        "import json, os, sys\n"
        "event = sys.stdin.read()\n"
        f"stored = os.path.exists({str(tmp_path / 'data/videos/video_1/video.mp4')!r})\n"
        f"with open({str(seen)!r} + '.part', 'w') as file:\n"
        "    json.dump({'event': event, 'stored': stored, 'environment': dict(os.environ)}, file)\n"
        f"os.rename({str(seen)!r} + '.part', {str(seen)!r})\n"
    )
    import sys

    config = configured(
        {
            "chains": [
                {
                    "name": "mine",
                    "on": ["video.completed"],
                    "steps": [
                        {"fetch": {"variants": ["video"]}},
                        {"store": {}},
                        {
                            "run": {
                                "command": [sys.executable, str(script)],
                                "environment": {"STAGE": "test"},
                            },
                            "name": "after",
                        },
                    ],
                }
            ]
        }
    )
    service = serve(provide(), config=config)
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    event = service.wait_for_event(id, "done")
    assert [step["name"] for step in event["steps"]] == ["fetch", "store", "after"]
    told = json.loads(seen.read_text())
    assert told["stored"] is True
    assert "video_1" in told["event"] and json.loads(told["event"])["type"] == "video.completed"
    assert told["environment"]["STAGE"] == "test"
    for name, value in told["environment"].items():
        assert program.API_KEY not in value and program.WEBHOOK_SECRET not in value, name
    assert not service.file("video_1", "thumbnail.webp").exists()


def test_a_command_that_fails_ends_in_the_dead_letters_and_can_be_retried(
    provide, serve, configured, tmp_path
):
    mark = tmp_path / "fixed"
    config = configured(
        {
            "chains": [
                {
                    "name": "mine",
                    "on": ["video.completed"],
                    "steps": [
                        {"fetch": {}},
                        {"store": {}},
                        {
                            "run": {"command": ["/usr/bin/test", "-e", str(mark)]},
                            "retry": {"attempts": 2, "base_ms": 10},
                        },
                    ],
                }
            ]
        }
    )
    service = serve(provide(), config=config)
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    event = service.wait_for_event(id, "dead")
    assert event["reason"]
    assert [step["state"] for step in event["steps"]][:2] == ["done", "done"]
    mark.touch()
    retried = program.run("events", "retry", event["sequence"], "--data", service.data)
    assert retried.returncode == 0, retried.stderr
    service.wait_for_event(id, "done")


def test_a_replay_is_an_entry_of_its_own(provide, serve, receive):
    receiver = receive()
    service = serve(
        provide(),
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    sequence = service.wait_for_event(id, "done")["sequence"]
    counted = program.run("events", "replay", sequence, "--dry-run", "--data", service.data)
    assert counted.returncode == 0 and "1" in counted.stdout
    assert len(receiver.deliveries) == 1
    replayed = program.run("events", "replay", sequence, "--data", service.data)
    assert replayed.returncode == 0, replayed.stderr
    program.wait_until(lambda: len(receiver.accepted) == 2)
    again, = [event for event in service.events() if event["origin"] == "replay"]
    assert again["video_id"] == "video_1"


@pytest.mark.parametrize("seed", [1, 2])
def test_fifty_videos_through_everything_that_goes_wrong(emulate, serve, receive, configured, seed):
    receiver = receive()
    port = program.free_port()
    emulator = emulate(
        *("--seed", seed, "--duration", "2s"),
        *("--drop-webhooks", "30%", "--duplicate", "30%", "--duplicate-events", "10%"),
        *("--delay", "20%", "--reorder", "30%", "--http-500", "15%", "--http-429", "5%"),
        *("--cut", "30%", "--short-length", "5%", "--change-etag", "10%", "--ignore-range", "10%"),
        webhook=f"http://127.0.0.1:{port}/webhooks/openai",
    )
    service = serve(
        emulator,
        intake=port,
        config=configured({"polling": {"longest_interval_seconds": 5, "list_interval_seconds": 10}}),
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    videos = []
    while len(videos) < 50:
        try:
            videos.append(emulator.create(f"Reel {len(videos)}"))
        except AssertionError:
            # The emulator's own 500 or 429; a client tries again.
            continue
    for video in videos:
        service.wait_stored(video, 150)
    truth = emulator.videos()
    for video in videos:
        for variant, name in [
            ("video", "video.mp4"),
            ("thumbnail", "thumbnail.webp"),
            ("spritesheet", "spritesheet.jpg"),
        ]:
            content = service.file(video, name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == truth[video]["files"][variant]["sha256"]
    program.wait_until(lambda: len(receiver.deliveries) >= 50, 60, "fifty notifications")
    program.wait_until(
        lambda: all(event["state"] in ("done", "duplicate") for event in service.events()), 60
    )
    assert receiver.faults == []
    told = [body["data"]["id"] for _, body in receiver.accepted]
    assert sorted(told) == sorted(videos)
    faults = {fault for line in emulator.log["requests"] for fault in line["faults"]}
    assert {"http_500", "cut"} <= faults
    reasons = [line["reason"] for line in emulator.log["deliveries"]]
    assert reasons.count("dropped") >= 5
