"""The provider's webhook endpoints, made and changed by command."""

import datetime
import json
import stat

import deliveries
import program
import provider as providers
import pytest


def endpoint(service, *words, env=None):
    """Runs an endpoint command beside a service and returns what it printed as JSON."""
    done = program.run(
        "endpoint", *words, "--json", "--data", service.data, env={**service.settings, **(env or {})}
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def secrets(service):
    path = service.data / ".endpoint-secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return [line["secret"] for line in json.loads(path.read_text())["secrets"]]


def test_an_endpoint_is_made_tested_rotated_and_deleted(emulate, serve):
    emulator = emulate("--duration", "500ms")
    # Nothing is configured that could check a delivery; what the commands bring has to do.
    service = serve(emulator, env={"OPENAI_WEBHOOK_SECRET": ""})
    made, = endpoint(service, "create", service.hook)
    assert made["url"] == service.hook and made["id"].startswith("whe_")
    assert "signing_secret" not in made and made["endpoint"] == "openai"
    assert [one["id"] for one in endpoint(service, "list")] == [made["id"]]

    tested, = endpoint(service, "test", made["id"])
    assert (tested["type"], tested["origin"]) == ("video.failed", "webhook")
    first, = secrets(service)

    # With both secrets of a rotation deliveries of either are taken, also after a restart.
    listed, = endpoint(service, "list")
    assert listed["endpoint"] == "openai" and listed["old_secret_ends_at"] is None
    rotated, = endpoint(service, "rotate", made["id"])
    end = datetime.datetime.fromisoformat(rotated["old_secret_ends_at"])
    left = end - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(hours=23) < left <= datetime.timedelta(hours=24)
    listed, = endpoint(service, "list")
    assert listed["old_secret_ends_at"] == rotated["old_secret_ends_at"]
    assert secrets(service)[0] == first and len(secrets(service)) == 2
    service.end()
    service = serve.again(service)
    for secret in secrets(service):
        answer, _ = deliveries.deliver(
            service.hook, deliveries.event(type="video.failed"), secret=secret
        )
        assert answer.status == 200
    endpoint(service, "test", made["id"])

    endpoint(service, "rotate", made["id"], "--at-once")
    last, = secrets(service)
    answer, _ = deliveries.deliver(service.hook, deliveries.event(), secret=first)
    assert answer.status == 401
    endpoint(service, "test", made["id"])

    endpoint(service, "delete", made["id"])
    assert endpoint(service, "list") == [] and secrets(service) == []
    answer, _ = deliveries.deliver(service.hook, deliveries.event(), secret=last)
    assert answer.status == 401
    for secret in (first, last):
        assert secret not in service.output


def test_a_registered_endpoint_is_told_of_videos(emulate, serve, client):
    emulator = emulate("--duration", "500ms")
    service = serve(emulator, env={"OPENAI_WEBHOOK_SECRET": ""})
    endpoint(service, "create", service.hook)
    video = client(service.console).videos.create(prompt="A reel").id
    service.wait_stored(video)
    told = [event["origin"] for event in service.events() if event["video_id"] == video]
    assert "webhook" in told or told == ["poll"]


def test_a_test_that_does_not_arrive_is_told_of(emulate, serve):
    emulator = emulate()
    service = serve(emulator)
    made, = endpoint(service, "create", f"http://127.0.0.1:{program.free_port()}/nowhere")
    tested = program.run(
        "endpoint", "test", made["id"], "--data", service.data, env=service.settings
    )
    assert tested.returncode == 1
    assert "answered not at all" in tested.stderr


def answering(service, sends, **more):
    """A provider's answer to the wish for a test event, after it has sent these."""

    def answer(connection, request):
        if request.path.endswith("/test"):
            for body in sends:
                deliveries.deliver(service().hook, body)
            made = {
                "object": "webhook_endpoint.test", "event_type": "video.failed",
                "status_code": 200, "success": True, "webhook_endpoint_id": "whe_1", **more,
            }
            providers.send(connection, json.dumps(made).encode(), "application/json")
        else:
            providers.send(connection, b"{}", "application/json", "404 Not Found")

    return answer


@pytest.mark.parametrize(
    "known, sends, more, sequence, word",
    [
        # Another video fails while the test goes elsewhere.
        ("video_1", ["video_1"], {}, None, "is not in this journal"),
        ("video_1", ["video_1", "video_test"], {}, 3, "the only event that it can be"),
        ("video_1", ["video_test", "video_2"], {}, None, "any of the events 2, 3"),
        ("video_1", ["video_2", "video_test"], {"event_id": "evt_test"}, 3, ""),
        ("video_1", ["video_2"], {"event_id": "evt_test"}, None, "is not in this journal"),
    ],
)
def test_a_test_takes_no_other_event_for_its_own(
    provide, serve, known, sends, more, sequence, word
):
    service = None
    bodies = [
        deliveries.event(
            type="video.failed", video=video, **({"id": "evt_test"} if "test" in video else {})
        )
        for video in sends
    ]
    service = serve(provide(status=answering(lambda: service, bodies, **more)))
    deliveries.deliver(service.hook, deliveries.event(type="video.progress", video=known))
    tested = program.run(
        "endpoint", "test", "whe_1", "--wait", "1s", "--json", "--data", service.data,
        env=service.settings,
    )
    assert tested.returncode == (0 if sequence else 1), tested.stderr
    assert word in tested.stderr
    if sequence:
        assert json.loads(tested.stdout)["sequence"] == sequence


def test_without_a_service_the_command_does_it_itself(emulate, tmp_path):
    emulator = emulate()
    env = {
        "OPENAI_BASE_URL": f"{emulator.url}/v1", "OPENAI_API_KEY": program.API_KEY,
    }
    made = program.run(
        "endpoint", "create", "https://example.com/webhooks/openai", "--data", tmp_path / "data",
        env=env,
    )
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "data/.endpoint-secrets.json").exists()
