"""Files kept in an S3-compatible store."""

import hashlib
import json

import http_calls
import pytest

import object_store
import program

SECRET = {"STORE_SECRET": object_store.SECRET}
NAMES = {"video": "video.mp4", "thumbnail": "thumbnail.webp", "spritesheet": "spritesheet.jpg"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = object_store.ObjectStore(tmp_path_factory.mktemp("store"))
    store.client.create_bucket(Bucket="reels")
    yield store
    store.close()


@pytest.fixture
def configured(tmp_path, store):
    """Writes a configuration file whose store is the bucket, under a prefix of the test's own."""

    def write(**more):
        path = tmp_path / "reelhook.json"
        path.write_text(json.dumps({"store": store.settings(**more)}))
        return path

    return write


def stored(store, prefix, video):
    return program.wait_until(
        lambda: f"{prefix}{video}/manifest.json" in store.keys(), 60, "the manifest in the bucket"
    )


def test_a_video_ends_up_in_the_bucket(emulate, serve, store, configured, tmp_path):
    emulator = emulate("--duration", "500ms")
    service = serve(emulator, config=configured(prefix="one/"), env=SECRET)
    video = emulator.create("A paper boat")
    service.wait_for("listening console")
    http_calls.call("GET", f"{service.console}/v1/videos/{video}")
    stored(store, "one/", video)
    truth = emulator.videos()[video]["files"]
    for variant, name in NAMES.items():
        content = store.read(f"one/{video}/{name}")
        assert hashlib.sha256(content).hexdigest() == truth[variant]["sha256"]
    manifest = json.loads(store.read(f"one/{video}/manifest.json"))
    assert manifest["video_id"] == video
    # The copy on the way is gone, and no secret was told.
    assert not list((service.data / ".incoming").rglob("*.part"))
    assert object_store.SECRET not in service.output
    answer = http_calls.call("GET", f"{service.console}/v1/videos/{video}/content")
    assert answer.status == 200
    assert hashlib.sha256(answer.body).hexdigest() == truth["video"]["sha256"]
    half = http_calls.call(
        "GET", f"{service.console}/v1/videos/{video}/content", headers={"Range": "bytes=100-199"}
    )
    assert half.status == 206 and half.body == answer.body[100:200]


def test_a_link_to_the_bucket_answers_for_the_content(emulate, serve, store, configured):
    emulator = emulate("--duration", "500ms")
    service = serve(emulator, config=configured(prefix="link/", redirect=True), env=SECRET)
    video = emulator.create("A kite")
    stored(store, "link/", video)
    answer = http_calls.call("GET", f"{service.console}/v1/videos/{video}/content")
    assert answer.status == 302
    link = answer.headers["Location"]
    assert object_store.SECRET not in link
    content = http_calls.call("GET", link)
    assert content.status == 200
    truth = emulator.videos()[video]["files"]["video"]["sha256"]
    assert hashlib.sha256(content.body).hexdigest() == truth
    changed = http_calls.call("GET", link.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601"))
    assert changed.status == 403


def test_a_store_that_is_away_is_waited_for(emulate, serve, store, configured):
    emulator = emulate("--duration", "500ms")
    store.pause()
    try:
        service = serve(emulator, config=configured(prefix="away/"), env=SECRET)
        video = emulator.create("A lantern")
        service.wait_for("the store does not do what it should", timeout=60)
        program.wait_until(
            lambda: [e for e in service.events() if e["video_id"] == video and e["attempts"]],
            60,
            "an attempt",
        )
    finally:
        store.resume()
    stored(store, "away/", video)
    event, = [event for event in service.events() if event["video_id"] == video]
    program.wait_until(
        lambda: [e for e in service.events() if e["video_id"] == video][0]["state"] == "done"
    )


def test_what_stands_there_is_not_overwritten(emulate, serve, store, configured):
    emulator = emulate("--duration", "3s")
    service = serve(emulator, config=configured(prefix="taken/"), env=SECRET)
    video = emulator.create("A whale")
    store.client.put_object(Bucket="reels", Key=f"taken/{video}/video.mp4", Body=b"mine")
    program.wait_until(
        lambda: [e for e in service.events() if e["video_id"] == video and e["state"] == "dead"],
        60,
        "a dead letter",
    )
    event, = [event for event in service.events() if event["video_id"] == video]
    assert event["reason"].startswith("file_occupied")
    assert store.read(f"taken/{video}/video.mp4") == b"mine"


@pytest.mark.parametrize(
    "change, told",
    [
        ({"endpoint": "http://store/path"}, "store.s3.endpoint"),
        ({"bucket": "No_Bucket"}, "the bucket's name"),
        ({"prefix": "no-slash"}, "must end in a slash"),
        ({"regoin": "auto"}, "did you mean \"region\""),
        ({"secret_access_key": {"env": "NOT_SET"}}, "NOT_SET is not set"),
    ],
)
def test_a_mistake_in_the_configuration_is_told(configured, tmp_path, change, told):
    path = configured(**change)
    done = program.run(
        "serve", "--data", tmp_path / "data", "--config", path,
        env={**SECRET, "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"},
    )
    assert done.returncode == 2
    assert told in done.stderr


def test_files_in_the_bucket_are_checked_and_left_out_of_a_backup(
    emulate, serve, store, configured, tmp_path
):
    emulator = emulate("--duration", "500ms")
    config = configured(prefix="check/")
    service = serve(emulator, config=config, env=SECRET)
    video = emulator.create("A heron")
    stored(store, "check/", video)
    program.wait_until(lambda: all(event["state"] == "done" for event in service.events()))
    at = ("--data", service.data, "--config", config)
    provider = {**SECRET, "OPENAI_BASE_URL": f"{emulator.url}/v1"}

    def check():
        done = program.run("check", "--json", *at, env=provider)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    assert check() == (0, [])
    target = tmp_path / "copy"
    done = program.run("backup", target, "--json", *at, env=provider)
    assert done.returncode == 0, done.stderr
    assert not list(target.rglob("*.mp4"))
    assert json.loads(done.stdout)["files"] == 1
    assert "ok      store: bucket reels" in program.run("doctor", *at, env=provider).stdout
    store.client.delete_object(Bucket="reels", Key=f"check/{video}/thumbnail.webp")
    store.client.put_object(Bucket="reels", Key=f"check/{video}/video.mp4", Body=b"other")
    status, found = check()
    assert status == 1
    assert {(one["kind"], one["place"]) for one in found} == {
        ("altered", f"s3://reels/check/{video}/video.mp4"),
        ("missing", f"s3://reels/check/{video}/thumbnail.webp"),
    }


def test_files_that_are_deleted_leave_the_bucket_and_are_not_missed(
    emulate, serve, store, configured
):
    emulator = emulate("--duration", "200ms")
    service = serve(emulator, config=configured(prefix="gone/"), env=SECRET)
    kept, gone = emulator.create("A kept boat"), emulator.create("A boat that goes")
    for video in (kept, gone):
        http_calls.call("GET", f"{service.console}/v1/videos/{video}")
        stored(store, "gone/", video)
    words = ["videos", "delete", gone, "--only-files", "--data", service.data]
    result = program.wait_until(
        lambda: (done := program.run(*words, env=service.settings)).returncode == 0 and done
    )
    assert result.stdout == f"deleted the files of {gone}\n"
    program.wait_until(lambda: not [key for key in store.keys() if key.startswith(f"gone/{gone}/")])
    assert f"gone/{kept}/video.mp4" in store.keys()
    # The provider still has it, and so the console.
    answer = http_calls.call("GET", f"{service.console}/v1/videos/{gone}/content")
    assert answer.status == 200 and answer.headers.get("Reelhook-Source") != "store"
    listed = program.run("videos", "list", "--json", "--data", service.data).stdout.splitlines()
    files = {job["id"]: job["files"] for job in map(json.loads, listed)}[gone]
    assert {file["state"] for file in files} == {"deleted"}
