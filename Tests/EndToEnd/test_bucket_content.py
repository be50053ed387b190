"""How files go into a bucket: in parts, once, after a crash, and by whose keys."""

import hashlib
import json
import struct

import deliveries
import object_store
import program
import provider as providers
import pytest

MEBIBYTE = 1 << 20
PART = 5 * MEBIBYTE


def film(byte_count):
    """A film made longer by a free box."""
    left = byte_count - len(providers.FILM)
    return providers.FILM + struct.pack(">I4s", left, b"free") + bytes(left - 8)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = object_store.ObjectStore(tmp_path_factory.mktemp("store"))
    store.client.create_bucket(Bucket="reels")
    yield store
    store.close()


@pytest.fixture
def begin(serve, provide, tmp_path, store):
    """Starts a service that stores one film for every video in the bucket."""

    def start(content, **settings):
        peer = provide(content=lambda connection, _: providers.send(connection, content))
        path = tmp_path / "reelhook.json"
        path.write_text(json.dumps({
            "store": store.settings(**settings), "polling": {"enabled": False},
            "chains": [{"name": "completed", "on": ["video.completed"],
                        "steps": [{"fetch": {"variants": ["video"]}}, {"store": {}}]}],
        }))
        return serve(peer, config=path, env={"STORE_SECRET": object_store.SECRET})

    return start


def deliver(service, video):
    answer, id = deliveries.deliver(service.hook, deliveries.event(video=video))
    assert answer.status == 200
    return id


def head(store, key, **more):
    return store.client.head_object(Bucket="reels", Key=key, **more)


def test_a_long_file_goes_in_equal_parts(begin, store):
    content = film(12 * MEBIBYTE + 7)
    service = begin(content, prefix="parts/", single_bytes_max=PART, part_bytes=PART)
    service.wait_for_event(deliver(service, "video_long"), "done")
    key = "parts/video_long/video.mp4"
    found = head(store, key)
    digest = hashlib.sha256(content).hexdigest()
    assert found["ETag"].strip('"').endswith("-3")
    assert found["ContentLength"] == len(content)
    assert found["ContentType"] == "video/mp4"
    assert found["Metadata"]["sha256"] == digest
    lengths = [head(store, key, PartNumber=number)["ContentLength"] for number in (1, 2, 3)]
    assert lengths == [PART, PART, len(content) - 2 * PART]
    assert hashlib.sha256(store.read(key)).hexdigest() == digest
    assert store.uploads() == []


def test_an_upload_that_a_crash_cut_off_is_done_anew_and_leaves_nothing(begin, serve, store):
    content = film(60 * MEBIBYTE)
    service = begin(content, prefix="crash/", single_bytes_max=PART, part_bytes=PART)
    id = deliver(service, "video_cut")
    program.wait_until(store.uploads, 60, "an upload")
    store.hold()
    try:
        service.kill()
    finally:
        store.go_on()
    key = "crash/video_cut/video.mp4"
    assert store.uploads() == [key], "the upload was over before the crash"
    service = serve.again(service)
    service.wait_for_event(id, "done", timeout=120)
    assert store.uploads() == []
    assert hashlib.sha256(store.read(key)).hexdigest() == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("byte_count", [2 * MEBIBYTE, 12 * MEBIBYTE])
def test_the_same_bytes_are_sent_once(begin, store, request, byte_count):
    content = film(byte_count)
    prefix = f"same{byte_count}/"
    relay = object_store.Relay(store.port)
    request.addfinalizer(relay.close)
    service = begin(content, prefix=prefix, single_bytes_max=PART, part_bytes=PART,
                    endpoint=relay.url)
    service.wait_for_event(deliver(service, "video_0"), "done")
    sent = relay.byte_count
    assert sent >= byte_count
    others = [f"video_{number}" for number in range(1, 5)]
    for id in [deliver(service, video) for video in others]:
        service.wait_for_event(id, "done")
    # Four more videos, and less was sent than a small part of one.
    assert relay.byte_count - sent < 200_000
    digest = hashlib.sha256(content).hexdigest()
    for video in others:
        key = f"{prefix}{video}/video.mp4"
        assert head(store, key)["Metadata"]["sha256"] == digest
        assert head(store, key)["ContentType"] == "video/mp4"
        assert hashlib.sha256(store.read(key)).hexdigest() == digest
    # Each is a file of its own: what happens to the first is nothing to the others.
    store.client.delete_object(Bucket="reels", Key=f"{prefix}video_0/video.mp4")
    assert hashlib.sha256(store.read(f"{prefix}video_1/video.mp4")).hexdigest() == digest
    service.wait_for_event(deliver(service, "video_5"), "done")
    assert hashlib.sha256(store.read(f"{prefix}video_5/video.mp4")).hexdigest() == digest


def test_the_bucket_may_stand_in_the_host_name(begin, store):
    content = film(MEBIBYTE)
    endpoint = store.url.replace("127.0.0.1", "localhost")
    service = begin(content, prefix="virtual/", style="virtual", endpoint=endpoint)
    service.wait_for_event(deliver(service, "video_host"), "done")
    assert store.read("virtual/video_host/video.mp4") == content
    service.wait_for_event(deliver(service, "video_twin"), "done")
    assert store.read("virtual/video_twin/video.mp4") == content


@pytest.fixture(scope="module")
def temporary():
    store = object_store.TemporaryStore()
    yield store
    store.close()


def lend(serve, provide, tmp_path, store, content, token=None, **settings):
    peer = provide(content=lambda connection, _: providers.send(connection, content))
    path = tmp_path / "reelhook.json"
    path.write_text(json.dumps({
        "store": store.settings(**settings),
        "chains": [{"name": "completed", "on": ["video.completed"],
                    "steps": [{"fetch": {"variants": ["video"]}}, {"store": {}}]}],
    }))
    return serve(peer, config=path, env={
        "STORE_SECRET": store.keys["aws_secret_access_key"],
        "STORE_TOKEN": token or store.keys["aws_session_token"],
    })


@pytest.mark.parametrize("byte_count", [2 * MEBIBYTE, 11 * MEBIBYTE])
def test_temporary_credentials_do(serve, provide, tmp_path, temporary, byte_count):
    content = film(byte_count)
    service = lend(serve, provide, tmp_path, temporary, content, prefix=f"lent{byte_count}/",
                   single_bytes_max=PART, part_bytes=PART)
    for video in ("video_lent", "video_copied"):
        service.wait_for_event(deliver(service, video), "done")
        key = f"lent{byte_count}/{video}/video.mp4"
        found = temporary.client.get_object(Bucket="reels", Key=key)
        assert hashlib.sha256(found["Body"].read()).digest() == hashlib.sha256(content).digest()
    assert temporary.keys["aws_session_token"] not in service.output


def test_credentials_that_are_over_are_told_of(serve, provide, tmp_path, temporary):
    service = lend(serve, provide, tmp_path, temporary, film(MEBIBYTE), token="another")
    service.wait_for("the store does not do what it should")
    id = deliver(service, "video_late")
    program.wait_until(lambda: service.event(id)["attempts"] > 0, 30, "an attempt")
    assert service.event(id)["state"] != "dead"
    assert "another" not in service.output.replace("another object", "")
