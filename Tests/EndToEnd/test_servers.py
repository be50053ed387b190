"""What some `/v1/videos` servers do otherwise than OpenAI's, and several keys of one of them."""

import hashlib
import json
import re
import time

import openai
import pytest

import deliveries
import http_calls
import program


def create(service, **fields):
    client = openai.OpenAI(
        api_key="unused", base_url=f"{service.console}/v1", max_retries=0, timeout=30
    )
    return client.videos.create(**{"prompt": "A reel", **fields}).id


def lines(emulator, video, *routes):
    return [
        line
        for line in emulator.log["requests"]
        if line["video_id"] == video and (not routes or line["route"] in routes)
    ]


def stored_as_it_is(service, emulator, video):
    service.wait_stored(video)
    digest = hashlib.sha256(service.file(video).read_bytes()).hexdigest()
    assert digest == emulator.videos()[video]["files"]["video"]["sha256"]


KEYS = {"KEY_1": "sk-endtoend-one", "KEY_2": "sk-endtoend-two"}


def test_a_job_is_asked_for_with_its_own_key_after_a_restart(emulate, serve, configured):
    emulator = emulate("--duration", "1s", "--api-key", KEYS["KEY_2"], key=KEYS["KEY_1"])

    def settings(*names):
        return configured({
            "providers": [{
                "name": "openai",
                "base_url": f"{emulator.url}/v1",
                "api_keys": [{"env": name} for name in names],
            }],
            # No list is to tell whose it is.
            "polling": {"enabled": False},
        })

    # Made with the second key, as when the first one is refused.
    # The variable goes before the first key of the file.
    environment = {**KEYS, "OPENAI_API_KEY": KEYS["KEY_2"]}
    service = serve(config=settings("KEY_2"), env=environment)
    video = create(service)
    assert [line["key"] for line in lines(emulator, video, "create")] == [1]
    service.end()
    service.config = settings("KEY_1", "KEY_2")
    service.settings["OPENAI_API_KEY"] = KEYS["KEY_1"]
    service = serve.again(service)
    program.wait_until(lambda: emulator.videos()[video]["status"] == "completed")
    deliveries.deliver(service.hook, deliveries.event(video=video))
    stored_as_it_is(service, emulator, video)
    asked = lines(emulator, video, "retrieve", "content")
    assert len(asked) >= 2 and {line["key"] for line in asked} == {1}
    # Nothing in the journal is of the key itself.
    service.end()
    for file in service.data.glob("reelhook.db*"):
        assert KEYS["KEY_2"].encode() not in file.read_bytes()


def test_a_provider_that_makes_less_than_was_ordered_is_found_out(emulate, serve):
    emulator = emulate("--duration", "500ms", "--shorter-film", "1")
    service = serve(emulator)
    video = create(service, seconds="8", size="1280x720")
    film, = [
        file for file in service.wait_stored(video)["files"] if file["variant"] == "video"
    ]
    # What the provider says of its video is what it made.
    answer = http_calls.call("GET", f"{service.console}/v1/videos/{video}")
    assert answer.json()["seconds"] == "4"
    assert re.fullmatch(r"lasts 4(\.\d+)? s, ordered were 8 s", film["difference"])


def test_a_server_that_takes_forms_only(emulate, serve):
    emulator = emulate("--duration", "500ms", "--multipart-only", "1")
    service = serve(emulator)
    answer = http_calls.call(
        "POST",
        f"{service.console}/v1/videos",
        headers={"Content-Type": "application/json"},
        body=json.dumps({"prompt": "A reel"}),
    )
    assert answer.status in (400, 415)
    assert answer.json()["error"]["code"] == "unsupported_content_type"
    assert not emulator.videos() and not list((service.data / ".orders").iterdir())
    # The official client and the command send forms.
    stored_as_it_is(service, emulator, create(service))
    made = program.run("videos", "create", "--prompt", "A reel", "--data", service.data, env=service.settings)
    assert made.returncode == 0, made.stderr
    stored_as_it_is(service, emulator, made.stdout.strip())


def test_a_list_without_a_last_id_is_read_to_its_end(emulate, serve):
    emulator = emulate("--videos", "250", "--no-last-id", "1")
    service = serve(emulator)

    def known():
        words = ["videos", "list", "--json", "--limit", 1000, "--data", service.data]
        return len(program.run(*words).stdout.splitlines())

    program.wait_until(lambda: known() == 250)
    assert "last_id" not in http_calls.call("GET", f"{service.console}/v1/videos").json()


def test_states_that_nobody_wrote_down_are_survived(emulate, serve):
    emulator = emulate("--duration", "3s", "--unknown-state", "1")
    service = serve(emulator)
    video = create(service)
    seen = set()

    def ended():
        seen.add(http_calls.call("GET", f"{service.console}/v1/videos/{video}").json()["status"])
        return "completed" in seen

    program.wait_until(ended)
    assert seen >= {"upscaling", "completed"}
    stored_as_it_is(service, emulator, video)


def test_the_key_goes_to_no_other_host(emulate, serve):
    emulator = emulate("--duration", "500ms", "--redirect-content", "1")
    service = serve(emulator)
    video = create(service)
    stored_as_it_is(service, emulator, video)
    led = lines(emulator, video, "content")
    assert led and all(line["status"] == 302 and line["authorized"] for line in led)
    elsewhere = [line for line in lines(emulator, video, "file") if not line["query"]]
    assert elsewhere and not any(line["authorized"] for line in elsewhere)
    assert {line["status"] for line in elsewhere} == {200}


def test_a_download_below_the_lowest_rate_is_cut_and_goes_on(emulate, serve, configured):
    emulator = emulate(
        "--duration", "500ms", "--content-bytes", "300000", "--slow", "1", "--slow-rate", "5000"
    )
    config = configured({"fetch": {"bytes_per_second_min": 50_000, "stall_seconds": 1}})
    service = serve(emulator, config=config)
    video = create(service)

    def films():
        return [line for line in lines(emulator, video, "content") if not line["query"]]

    # At this rate one download would take a minute.
    program.wait_until(lambda: len(films()) >= 2)
    emulator.faults(slow=0)
    stored_as_it_is(service, emulator, video)
    assert films()[-1]["range"] and films()[-1]["if_range"]
    assert films()[-1]["status"] == 206


def test_a_minute_of_throttling_costs_few_calls_and_no_video(emulate, serve):
    emulator = emulate("--duration", "500ms")
    service = serve(emulator)
    videos = [create(service) for _ in range(3)]
    start = time.monotonic()
    emulator.control("throttle?seconds=60", "POST")
    for video in videos:
        deliveries.deliver(service.hook, deliveries.event(video=video))
    for video in videos:
        service.wait_stored(video, timeout=120)
    assert time.monotonic() - start >= 59
    refused = [line for line in emulator.log["requests"] if line["faults"] == ["throttle"]]
    assert refused and {line["status"] for line in refused} == {429}
    # A client that passes over Retry-After would have asked hundreds of times.
    assert len(refused) <= 20
    for video in videos:
        stored_as_it_is(service, emulator, video)
