"""The official SDK against the emulator, and against the console in front of it."""

import hashlib

import openai
import pytest

import http_calls
import program

SIGNS = {"video": b"ftyp", "thumbnail": b"WEBP", "spritesheet": b"\xff\xd8"}


@pytest.fixture(params=["emulator", "console"])
def server(request, emulate, serve):
    """The base URL that the SDK is pointed at, and the emulator behind it."""
    emulator = emulate("--duration", "1s")
    if request.param == "emulator":
        return emulator.url, emulator
    return serve(emulator).console, emulator


@pytest.fixture
def videos(server, client):
    return client(server[0]).videos


def test_create_retrieve_and_poll(videos):
    video = videos.create(prompt="A reel", model="sora-2", seconds="8", size="1280x720")
    assert (video.object, video.status, video.progress) == ("video", "queued", 0)
    assert (video.seconds, video.size, video.model) == ("8", "1280x720", "sora-2")
    assert video.completed_at is None and video.error is None
    again = videos.retrieve(video.id)
    assert (again.id, again.prompt) == (video.id, "A reel")
    done = videos.poll(video.id)
    assert (done.status, done.progress) == ("completed", 100)
    assert done.expires_at - done.completed_at == 3600


def test_create_and_poll(videos):
    assert videos.create_and_poll(prompt="A reel", poll_interval_ms=100).status == "completed"


def test_a_pending_answer_tells_when_to_ask_again(videos):
    raw = videos.with_raw_response.create(prompt="A reel")
    pending = videos.with_raw_response.retrieve(raw.parse().id)
    assert int(pending.headers["openai-poll-after-ms"]) > 0


def test_a_failed_video_tells_why(videos):
    video = videos.create_and_poll(prompt="A reel [fail]", poll_interval_ms=100)
    assert video.status == "failed"
    assert video.error.code == "moderation_blocked"
    assert video.error.message


def test_list_with_paging(videos):
    ids = [videos.create(prompt=f"Reel {number}").id for number in range(7)]
    listed = [video.id for video in videos.list(limit=2)]
    assert listed == ids[::-1]
    assert [video.id for video in videos.list(limit=3, order="asc")] == ids
    page = videos.list(limit=3)
    assert page.has_more is True and page.last_id == ids[-3]
    assert [video.id for video in videos.list(after=ids[3], limit=100)] == ids[:3][::-1]


@pytest.mark.parametrize("variant", ["video", "thumbnail", "spritesheet"])
def test_download_content(server, videos, variant):
    _, emulator = server
    video = videos.create_and_poll(prompt="A reel", poll_interval_ms=100)
    content = videos.download_content(video.id, variant=variant)
    body = content.read()
    truth = emulator.videos()[video.id]["files"][variant]
    assert len(body) == truth["bytes"]
    assert hashlib.sha256(body).hexdigest() == truth["sha256"]
    assert SIGNS[variant] in body[:12]


def test_download_streams_to_a_file(videos, tmp_path):
    video = videos.create_and_poll(prompt="A reel", poll_interval_ms=100)
    with videos.with_streaming_response.download_content(video.id) as response:
        assert response.headers["content-type"] == "video/mp4"
        response.stream_to_file(tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == videos.download_content(video.id).read()


def test_content_that_is_not_there_yet(videos):
    video = videos.create(prompt="A reel")
    with pytest.raises(openai.BadRequestError):
        videos.download_content(video.id)


def test_remix(videos):
    video = videos.create_and_poll(prompt="A reel", poll_interval_ms=100)
    remix = videos.remix(video.id, prompt="The same at night")
    assert remix.remixed_from_video_id == video.id
    assert remix.prompt == "The same at night"
    assert videos.poll(remix.id).status == "completed"


def test_delete(videos):
    video = videos.create(prompt="A reel")
    answer = videos.delete(video.id)
    assert (answer.id, answer.deleted, answer.object) == (video.id, True, "video.deleted")
    with pytest.raises(openai.NotFoundError):
        videos.retrieve(video.id)


@pytest.mark.parametrize(
    "fields, param",
    [({"prompt": ""}, "prompt"), ({"prompt": "a", "seconds": "5"}, "seconds")],
)
def test_a_wrong_parameter_is_refused_in_the_envelope(videos, fields, param):
    with pytest.raises(openai.BadRequestError) as caught:
        videos.create(**fields)
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"


def test_a_video_that_nobody_knows(videos):
    with pytest.raises(openai.NotFoundError) as caught:
        videos.retrieve("video_0000")
    assert caught.value.type == "invalid_request_error"


def test_a_reference_picture_goes_through(videos):
    picture = program.ROOT / "fixtures/media/valid/thumbnail.png"
    with pytest.raises(openai.BadRequestError) as caught:
        videos.create(
            prompt="A reel", input_reference=("t.png", picture.read_bytes(), "image/png")
        )
    assert "width and height" in caught.value.message


def test_an_upload_is_edited_and_a_video_extended(server, client):
    api = client(server[0])
    video = api.videos.create_and_poll(prompt="A reel", poll_interval_ms=100)
    film = api.videos.download_content(video.id).read()
    edit = api.videos.edit(
        prompt="At night", video=("film.mp4", film, "video/mp4"), extra_body={"model": "sora-2"}
    )
    assert edit.prompt == "At night"
    extended = api.post(
        "/videos/extensions",
        body={"prompt": "On", "seconds": "8", "video": {"id": video.id}},
        cast_to=type(edit),
    )
    assert extended.seconds == "12"


def test_a_wrong_key_is_refused_by_the_emulator(emulate, client):
    api = client(emulate().url, key="sk-wrong")
    with pytest.raises(openai.AuthenticationError) as caught:
        api.videos.list()
    assert "sk-wrong" not in str(caught.value)


def test_content_expires(emulate, client):
    emulator = emulate("--duration", "200ms", "--expire-after", "1s")
    api = client(emulator.url)
    video = api.videos.create_and_poll(prompt="A reel", poll_interval_ms=50)
    emulator.act(video.id, "expire")
    with pytest.raises(openai.NotFoundError) as caught:
        api.videos.download_content(video.id)
    assert caught.value.code is None
    assert "hour" in caught.value.message


@pytest.mark.parametrize(
    "fault, error",
    [("http_500", openai.InternalServerError), ("http_429", openai.RateLimitError)],
)
def test_faults_of_the_emulator_are_the_sdk_s_errors(emulate, client, fault, error):
    emulator = emulate()
    emulator.faults(**{fault: 1})
    with pytest.raises(error):
        client(emulator.url).videos.list()


def test_a_cut_transfer_is_seen_as_such_by_the_sdk(emulate, client):
    emulator = emulate("--duration", "200ms")
    api = client(emulator.url)
    video = api.videos.create_and_poll(prompt="A reel", poll_interval_ms=50)
    emulator.faults(cut=1)
    with pytest.raises(openai.APIConnectionError):
        api.videos.download_content(video.id)


def test_ends_are_told_of_as_openai_would(emulate, receive):
    receiver = receive(secret=program.WEBHOOK_SECRET)
    emulator = emulate("--duration", "200ms", webhook=receiver.url)
    ids = {emulator.create(): "video.completed", emulator.create("x [fail]"): "video.failed"}
    program.wait_until(lambda: len(receiver.deliveries) == 2)
    assert receiver.faults == []
    assert {body["data"]["id"]: body["type"] for _, body in receiver.accepted} == ids
    for fields, body in receiver.accepted:
        assert fields["webhook-id"].startswith("wh_")
        assert body["id"].startswith("evt_")
        assert body["object"] == "event"


def test_the_same_seed_is_the_same_run(emulate):
    def ids(seed):
        emulator = emulate("--seed", seed, "--http-500", "0", "--duration", "1s")
        return [emulator.create() for _ in range(3)]

    assert ids(5) == ids(5) != ids(6)


def test_without_a_seed_every_run_is_another(started):
    seeds = set()
    for _ in range(2):
        started.append(program.Program(["emulate", "--listen", "127.0.0.1:0"]))
        seeds.add(started[-1].wait_for(r"^seed (\d+)$")[1])
    assert len(seeds) == 2


def test_a_character_is_made_and_shown(server, client):
    videos = client(server[0]).videos
    film = (program.ROOT / "fixtures/media/valid/video.mp4").read_bytes()
    made = videos.create_character(name="Reel", video=("film.mp4", film, "video/mp4"))
    assert made.name == "Reel" and made.id
    assert videos.get_character(made.id).name == "Reel"
    with pytest.raises(openai.NotFoundError):
        videos.get_character("char_unknown")


@pytest.mark.parametrize(
    "name, type, size, code",
    [
        ("thumbnail.png", "image/png", "1280x720", "image_size_mismatch"),
        ("thumbnail.png", "image/jpeg", "320x180", "unsupported_mimetype"),
        ("video.mp4", "video/mp4", "320x180", "unsupported_mimetype"),
        ("video.mp4", "image/png", "320x180", "invalid_image"),
    ],
)
def test_a_picture_that_would_be_refused_is_not_sent(emulate, serve, client, name, type, size, code):
    emulator = emulate()
    service = serve(emulator)
    picture = (program.ROOT / "fixtures/media/valid" / name).read_bytes()
    with pytest.raises(openai.BadRequestError) as caught:
        client(service.console).videos.create(
            prompt="A reel", size=size, input_reference=(name, picture, type)
        )
    assert (caught.value.code, caught.value.param) == (code, "input_reference")
    assert not [line for line in emulator.log["requests"] if line["route"] == "create"]


def test_a_picture_is_not_looked_at_where_that_is_not_wanted(emulate, serve, client, configured):
    emulator = emulate()
    provider = {
        "name": "openai", "base_url": f"{emulator.url}/v1", "api_key": program.API_KEY,
        "check_references": False,
    }
    service = serve(emulator, config=configured({"providers": [provider]}))
    with pytest.raises(openai.BadRequestError) as caught:
        client(service.console).videos.create(
            prompt="A reel", size="1280x720", input_reference=("t.png", b"no picture", "image/png")
        )
    assert caught.value.code != "invalid_image"
    assert [line for line in emulator.log["requests"] if line["route"] == "create"]


def test_the_next_key_is_used_when_one_is_refused(emulate, serve, client, configured):
    emulator = emulate("--duration", "1s")
    provider = {
        "name": "openai", "base_url": f"{emulator.url}/v1",
        "api_keys": ["sk-revoked-0123456789", program.API_KEY], "requests_per_minute_max": 6000,
    }
    service = serve(
        None,
        config=configured({"providers": [provider]}),
        # The environment would speak for the provider of that name.
        env={"OPENAI_API_KEY": ""},
    )
    video = client(service.console).videos.create(prompt="A reel").id
    service.wait_stored(video)
    refused = [line for line in emulator.log["requests"] if line["status"] == 401]
    assert 1 <= len(refused) <= 3
    assert "sk-revoked" not in service.output
