"""An order costs money: it is sent once, unless the first is known not to have arrived."""

import json
import time

import openai
import pytest

import http_calls


def made(emulator):
    return list(emulator.videos())


def create(service, retries=0, **more):
    client = openai.OpenAI(
        api_key="unused", base_url=f"{service.console}/v1", max_retries=retries, timeout=30
    )
    return client.videos.create(**{"prompt": "A reel", "seconds": "8", **more})


def test_a_client_that_tries_again_gets_the_video_that_was_made(emulate, serve):
    emulator = emulate("--duration", "1s")
    service = serve(emulator)
    emulator.faults(lose_answer=1)
    with pytest.raises(openai.InternalServerError):
        create(service)
    emulator.faults(lose_answer=0)
    # The client does not know either, and orders the same once more.
    video = create(service)
    assert made(emulator) == [video.id]
    service.wait_stored(video.id)
    # One that is wanted twice is made twice: the first is settled.
    other = create(service)
    assert made(emulator) == [video.id, other.id]
    assert not list((service.data / ".orders").iterdir())


def test_an_order_that_never_arrived_is_sent_again(emulate, serve):
    emulator = emulate("--duration", "1s")
    service = serve(emulator)
    emulator.faults(http_500=1)
    with pytest.raises(openai.InternalServerError):
        create(service)
    emulator.faults(http_500=0)
    # Not before the list has had its time to show it.
    start = time.monotonic()
    video = create(service, retries=3)
    assert time.monotonic() - start >= 1
    assert made(emulator) == [video.id]


def test_an_order_outlives_a_crash(emulate, serve):
    emulator = emulate("--duration", "1s")
    service = serve(emulator)
    emulator.faults(lose_answer=1)
    with pytest.raises(openai.InternalServerError):
        create(service)
    emulator.faults(lose_answer=0)
    service.kill()
    service = serve.again(service)
    assert create(service).id == made(emulator)[0]
    assert len(made(emulator)) == 1


def test_what_cannot_be_looked_up_is_not_sent_again(emulate, serve):
    emulator = emulate("--duration", "1s")
    service = serve(emulator)
    emulator.faults(lose_answer=1)
    with pytest.raises(openai.InternalServerError):
        create(service)
    emulator.faults(lose_answer=0, http_500=1)
    with pytest.raises(openai.InternalServerError) as caught:
        create(service)
    assert caught.value.code == "order_unresolved"
    assert len(made(emulator)) == 1


def test_a_refused_order_is_settled_at_once(emulate, serve):
    emulator = emulate()
    service = serve(emulator)
    for _ in range(2):
        with pytest.raises(openai.BadRequestError):
            create(service, seconds="7")
    assert not list((service.data / ".orders").iterdir())


@pytest.mark.parametrize("work", ["remix", "edits", "extensions"])
def test_a_video_made_of_another_is_paid_for_once(emulate, serve, work):
    emulator = emulate("--duration", "1s")
    service = serve(emulator)
    source = create(service)
    service.wait_stored(source.id)
    order = {"prompt": "Once more"}
    path = f"{source.id}/remix" if work == "remix" else work
    if work != "remix":
        order["video"] = {"id": source.id}
    if work == "extensions":
        order["seconds"] = "4"

    def post():
        return http_calls.call(
            "POST",
            f"{service.console}/v1/videos/{path}",
            headers={"Content-Type": "application/json"},
            body=json.dumps(order),
        )

    emulator.faults(lose_answer=1)
    assert post().status == 502
    emulator.faults(lose_answer=0)
    answer = post()
    assert answer.status == 200
    assert made(emulator) == [source.id, json.loads(answer.body)["id"]]
    assert not list((service.data / ".orders").iterdir())


@pytest.mark.parametrize(
    ("type", "body", "status"),
    [
        ("application/json", '{"prompt": "A reel"', 400),
        ("application/json", '["A reel"]', 400),
        ("application/json", '{"prompt": "' + "A" * (33 << 20) + '"}', 413),
        ("multipart/form-data; boundary=edge", "--other--", 400),
        ("text/plain", "A reel", 415),
    ],
    ids=["cut", "no object", "too long", "no form", "another encoding"],
)
def test_what_cannot_be_read_is_not_sent(emulate, serve, type, body, status):
    emulator = emulate()
    service = serve(emulator)
    answer = http_calls.call(
        "POST",
        f"{service.console}/v1/videos",
        headers={"Content-Type": type},
        body=body,
    )
    assert answer.status == status
    assert json.loads(answer.body)["error"]["type"] == "invalid_request_error"
    assert not made(emulator)
    assert not [line for line in emulator.log["requests"] if line["method"] == "POST"]
