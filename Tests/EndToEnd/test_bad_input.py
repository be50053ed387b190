"""Every malformed thing gets a clear answer and loses nothing."""

import contextlib
import json
import sqlite3

import pytest

import deliveries
import http_calls
import program
import provider

QUICK = {
    "chains": [
        {
            "name": "quick",
            "on": ["video.completed"],
            "steps": [
                {"fetch": {"variants": ["video"]}, "retry": {"attempts": 2, "base_ms": 10}},
                {"store": {}},
            ],
        }
    ]
}


def start(*arguments, env=None):
    """`serve` with settings that cannot work."""
    settings = {"OPENAI_WEBHOOK_SECRET": program.WEBHOOK_SECRET, "OPENAI_API_KEY": program.API_KEY}
    return program.run(
        *("serve", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0", *arguments),
        env={**settings, **(env or {})},
        timeout=20,
    )


def test_three_mistakes_get_three_messages(configured, tmp_path):
    config = configured(
        """{
          // A comment, a wrong type, an unknown key, and a secret that is not there.
          "dispatch": {"concurrency_max": "many"},
          "polling": {"intervall": 5},
          "endpoints": [{"name": "openai", "secrets": [{"env": "NO_SUCH_VARIABLE"}]}],
        }"""
    )
    result = start("--config", config, "--data", tmp_path / "data", env={"OPENAI_WEBHOOK_SECRET": ""})
    assert result.returncode == 2
    for word in ("concurrency_max", "intervall", "NO_SUCH_VARIABLE"):
        lines = [line for line in result.stderr.splitlines() if word in line]
        assert len(lines) == 1, result.stderr
        assert "reelhook.json:" in lines[0] or ":" in lines[0]
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "text, word",
    [("{", "line"), ("[]", "object"), ('{"chains": [{"name": "a", "on": ["x"]}]}', "steps")],
)
def test_a_broken_configuration_is_refused(configured, tmp_path, text, word):
    result = start("--config", configured(text), "--data", tmp_path / "data")
    assert result.returncode == 2
    assert word in result.stderr


@pytest.mark.parametrize(
    "env, word",
    [
        ({"OPENAI_WEBHOOK_SECRET": "not-a-secret"}, "OPENAI_WEBHOOK_SECRET"),
        ({"OPENAI_WEBHOOK_SECRET": "whsec_!!"}, "OPENAI_WEBHOOK_SECRET"),
        ({"OPENAI_BASE_URL": "ftp://x/v1"}, "OPENAI_BASE_URL"),
        ({"REELHOOK_NOTIFY_URL": "http://127.0.0.1:1/"}, "REELHOOK_NOTIFY_SECRET"),
        ({"REELHOOK_LOG_LEVEL": "loud"}, "REELHOOK_LOG_LEVEL"),
    ],
)
def test_a_wrong_variable_is_named_and_not_shown(tmp_path, env, word):
    result = start("--data", tmp_path / "data", env=env)
    assert result.returncode == 2
    assert word in result.stderr
    for name, value in env.items():
        assert "SECRET" not in name or value not in result.stderr


def test_a_console_for_everybody_needs_a_token(tmp_path):
    result = program.run(
        *("serve", "--listen", "127.0.0.1:0", "--console", "0.0.0.0:0", "--data", tmp_path / "d"),
        env={"OPENAI_WEBHOOK_SECRET": program.WEBHOOK_SECRET},
        timeout=20,
    )
    assert result.returncode == 2
    assert "token" in result.stderr.lower()


def test_a_wrong_word_gets_a_suggestion():
    result = program.run("serv")
    assert result.returncode == 2
    assert "serve" in result.stderr
    result = program.run("serve", "--lisen", "127.0.0.1:0")
    assert result.returncode == 2
    assert "--listen" in result.stderr


def test_a_taken_port_is_named(provide, serve, tmp_path):
    service = serve(provide())
    port = service.intake.rsplit(":", 1)[1]
    result = start("--listen", f"127.0.0.1:{port}", "--data", tmp_path / "other")
    assert result.returncode in (1, 2)
    # `--listen` is given twice above; whichever is complained of, the tool does not start.
    result = program.run(
        *("serve", "--listen", f"127.0.0.1:{port}", "--console", "127.0.0.1:0"),
        *("--data", tmp_path / "other"),
        env={"OPENAI_WEBHOOK_SECRET": program.WEBHOOK_SECRET, "OPENAI_API_KEY": "k"},
        timeout=20,
    )
    assert result.returncode == 1
    assert f"127.0.0.1:{port}" in result.stderr


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    result = start("--data", tmp_path / "file" / "data")
    assert result.returncode == 1
    assert str(tmp_path / "file" / "data") in result.stderr


def test_a_journal_of_a_newer_version_is_left_alone(provide, serve):
    service = serve(provide())
    assert service.end() == 0
    path = service.data / "reelhook.db"
    with contextlib.closing(sqlite3.connect(path)) as journal:
        journal.execute("PRAGMA user_version = 9999")
    before = path.read_bytes()
    result = start("--data", service.data)
    assert result.returncode == 1
    assert "9999" in result.stderr
    assert path.read_bytes() == before


def test_a_journal_that_is_none_is_left_alone(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/reelhook.db").write_bytes(b"my diary, not a database" * 500)
    result = start("--data", tmp_path / "data")
    assert result.returncode == 1
    assert "reelhook.db" in result.stderr
    assert (tmp_path / "data/reelhook.db").read_bytes().startswith(b"my diary")


@pytest.mark.parametrize(
    "video", ["../../etc/passwd", "..", ".", "", "a/b", "a\0b", "x" * 300, ".hidden", "a\nb"]
)
def test_an_id_that_would_be_a_path_is_kept_and_touches_nothing(provide, serve, tmp_path, video):
    peer = provide()
    service = serve(peer)
    answer, id = deliveries.deliver(service.hook, deliveries.event(video=video))
    assert answer.status == 200
    event = program.wait_until(
        lambda: (found := service.event(id)) and found["state"] not in ("pending",) and found
    )
    assert event["state"] in ("unhandled", "dead")
    assert event["reason"]
    videos = service.data / "videos"
    assert not videos.exists() or list(videos.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} <= {"data", "reelhook.json"}


@pytest.mark.parametrize("id", ["..%2F..%2Fetc%2Fpasswd", "%2e%2e", "a%00b", "a%2Fb"])
def test_such_an_id_opens_nothing_on_the_console(emulate, serve, id):
    service = serve(emulate())
    for path in (f"/v1/videos/{id}", f"/v1/videos/{id}/content"):
        answer = http_calls.call("GET", service.console + path)
        assert answer.status in (400, 404)
        assert b"root:" not in answer.body


def test_such_an_id_is_refused_by_the_command_line(provide, serve):
    service = serve(provide())
    result = program.run("videos", "track", "../../etc/passwd", "--data", service.data)
    assert result.returncode == 2
    result = program.run("videos", "download", "../x", "--output", "-", "--data", service.data)
    assert result.returncode == 2


def html(connection, request):
    provider.send(connection, b"<!DOCTYPE html><title>Sign in</title>", "text/html")


def html_as_film(connection, request):
    provider.send(connection, b"<!DOCTYPE html><title>Sign in</title>" * 100)


def json_as_film(connection, request):
    provider.send(connection, b'{"error":{"message":"busy"}}')


def nothing(connection, request):
    provider.send(connection, b"")


def too_short(connection, request):
    provider.send(connection, provider.FILM[:-100], length=len(provider.FILM))


def half_a_film(connection, request):
    provider.send(connection, provider.FILM[: len(provider.FILM) // 2])


def no_http(connection, request):
    connection.sendall(b"what?\r\n\r\n")


def closed_at_once(connection, request):
    connection.close()


def not_found(connection, request):
    error = b'{"error":{"message":"Video not found","type":"invalid_request_error"}}'
    provider.send(connection, error, "application/json", "404 Not Found")


# What may be this one file's fault, and what every video of the provider would meet alike.
WRONG = [
    html_as_film, json_as_film, nothing, too_short, half_a_film, closed_at_once, not_found,
]
BROKEN = [("content", html), ("content", no_http)] + [
    ("status", answer) for answer in (html, json_as_film, nothing, no_http)
]


@pytest.mark.parametrize("content", WRONG, ids=lambda content: content.__name__)
def test_content_that_is_no_whole_film_is_never_visible(provide, serve, configured, content):
    service = serve(provide(content=content), config=configured(QUICK))
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    event = service.wait_for_event(id, "dead")
    assert event["reason"]
    assert event["steps"][0]["state"] == "dead"
    assert not service.file("video_1").exists()


@pytest.mark.parametrize(
    "part, answer", BROKEN, ids=[f"{part}-{answer.__name__}" for part, answer in BROKEN]
)
def test_a_provider_that_is_broken_is_waited_for(provide, serve, configured, part, answer):
    server = provide()
    whole = getattr(server, part)
    setattr(server, part, answer)
    dispatch = {"breaker_failures": 3, "breaker_probe_seconds": 1}
    service = serve(server, config=configured({**QUICK, "dispatch": dispatch}))
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    program.wait_until(
        lambda: (service.event(id) or {}).get("reason") == "waiting_for_breaker",
        what="the breaker",
    )
    assert not service.file("video_1").exists()
    setattr(server, part, whole)
    service.wait_for_event(id, "done", timeout=60)
    assert service.file("video_1").read_bytes() == provider.FILM


def test_a_fault_of_the_provider_is_told_to_users_and_to_operators(provide, serve, configured):
    def page(connection, request):
        provider.send(connection, b"<html>", "text/html", "502 Bad Gateway")

    def refused(connection, request):
        body = b'{"error":{"message":"no","type":"invalid_request_error","code":"bad_key"}}'
        provider.send(connection, body, "application/json", "401 Unauthorized")

    server = provide(status=refused)
    dispatch = {"breaker_failures": 1, "breaker_probe_seconds": 60}
    service = serve(server, config=configured({**QUICK, "dispatch": dispatch}))
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    program.wait_until(
        lambda: (service.event(id) or {}).get("reason") == "waiting_for_breaker", what="the first try"
    )
    status = program.run("status", "--data", service.data)
    assert "The key was refused: check OPENAI_API_KEY." in status.stdout
    breakers = json.loads(program.run("status", "--json", "--data", service.data).stdout)["breakers"]
    assert [one["advice"] for one in breakers] == ["The key was refused: check OPENAI_API_KEY."]

    server.status = page
    answer = http_calls.call("GET", f"{service.console}/v1/videos/video_9")
    assert answer.status == 502
    error = json.loads(answer.body)["error"]
    assert error["code"] == "gateway_error" and error["type"] == "upstream_error"
    assert error["message"].startswith("The video provider is not answering as it should.")


def test_a_job_that_is_not_there_ends_in_the_dead_letters(provide, serve, configured):
    service = serve(provide(status=not_found), config=configured(QUICK))
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    assert service.wait_for_event(id, "dead")["reason"]


def test_what_went_wrong_for_a_while_is_made_good(provide, serve):
    mistakes = [too_short, html, closed_at_once, half_a_film]

    def content(connection, request):
        if mistakes:
            return mistakes.pop()(connection, request)
        return provider.send(connection, provider.FILM)

    service = serve(provide(content=content))
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    service.wait_for_event(id, "done", timeout=60)
    assert service.file("video_1").read_bytes() == provider.FILM
    assert mistakes == []


def test_bytes_beyond_the_declared_length_are_not_stored(provide, serve):
    def content(connection, request):
        provider.send(connection, provider.FILM + b"x" * 1000, length=len(provider.FILM))

    service = serve(provide(content=content))
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    service.wait_for_event(id, "done")
    assert service.file("video_1").read_bytes() == provider.FILM


def test_a_job_that_the_provider_forgot_is_given_up_with_its_reason(emulate, serve, configured):
    emulator = emulate("--duration", "200ms")
    service = serve(emulator, config=configured(QUICK))
    video = emulator.create()
    emulator.act(video, "forget")
    _, id = deliveries.deliver(service.hook, deliveries.event(video=video))
    event = service.wait_for_event(id, "dead")
    assert event["reason"]


def test_content_that_has_expired_is_reported_as_such(emulate, serve, configured):
    emulator = emulate("--duration", "200ms")
    service = serve(emulator, config=configured(QUICK))
    video = emulator.create()
    program.wait_until(lambda: emulator.videos()[video]["status"] == "completed")
    emulator.act(video, "expire")
    _, id = deliveries.deliver(service.hook, deliveries.event(video=video))
    event = service.wait_for_event(id, "dead")
    assert "expired" in json.dumps(event)


def test_a_variant_that_does_not_exist_holds_nothing_up(emulate, serve):
    emulator = emulate("--duration", "200ms", "--missing-variant", "1")
    service = serve(emulator)
    video = emulator.create()
    program.wait_until(lambda: emulator.videos()[video]["status"] == "completed")
    _, id = deliveries.deliver(service.hook, deliveries.event(video=video))
    service.wait_for_event(id, "done")
    assert service.file(video).exists()
    assert not service.file(video, "thumbnail.webp").exists()
