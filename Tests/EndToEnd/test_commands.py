"""The command line on its own: signatures, the demo, the doctor."""

import json
import re
import time

import openai
import pytest
import standardwebhooks

import deliveries
import program


@pytest.fixture
def event_file(tmp_path):
    path = tmp_path / "event.json"
    path.write_text(deliveries.event(video="video_1"))
    return path


def test_what_sign_signs_others_verify(event_file):
    result = program.run("sign", event_file, env={"OPENAI_WEBHOOK_SECRET": program.WEBHOOK_SECRET})
    assert result.returncode == 0, result.stderr
    headers = dict(line.split(": ", 1) for line in result.stdout.splitlines())
    assert set(headers) == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    body = event_file.read_text()
    standardwebhooks.Webhook(program.WEBHOOK_SECRET).verify(body, headers)
    client = openai.OpenAI(api_key="unused", webhook_secret=program.WEBHOOK_SECRET)
    assert client.webhooks.unwrap(body, headers).type == "video.completed"


def test_what_others_sign_verify_verifies_and_says_why_not(event_file):
    fields = deliveries.headers(event_file.read_text())

    def verify(**changes):
        words = [f"--{name.removeprefix('webhook-')}" for name in fields]
        values = {**fields, **changes}
        options = []
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
            options += [f"--{name.removeprefix('webhook-')}", values[name]]
        assert words
        return program.run(
            "verify", event_file, *options,
            env={"OPENAI_WEBHOOK_SECRET": program.WEBHOOK_SECRET},
        )

    assert verify().returncode == 0
    forged = verify(**{"webhook-signature": "v1," + "A" * 43 + "="})
    assert forged.returncode == 1
    assert "no_match" in forged.stdout + forged.stderr
    stale = str(int(time.time()) - 1000)
    assert "too_old" in verify(**{"webhook-timestamp": stale}).stdout


def test_send_posts_and_tells_what_became_of_it(provide, serve, event_file):
    service = serve(provide())
    result = program.run(
        *("send", event_file, "--to", service.hook, "--json", "--repeat", "2", "--id", "wh_1"),
        *("--data", service.data),
        env={"OPENAI_WEBHOOK_SECRET": program.WEBHOOK_SECRET},
    )
    assert result.returncode == 0, result.stderr
    first, second = [json.loads(line) for line in result.stdout.splitlines()]
    assert (first["status"], first["duplicate"], first["state"]) == (200, False, "done")
    assert second["duplicate"] is True
    assert service.file("video_1").exists()


def test_the_demo_does_the_whole_thing_once(tmp_path):
    result = program.run(
        *("serve", "--demo", "--once", "--data", tmp_path / "demo"),
        *("--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"),
    )
    assert result.returncode == 0, result.stderr
    stored = re.search(r"stored\s+(\S+video\.mp4)", result.stdout)
    assert stored, result.stdout
    found = list((tmp_path / "demo/videos").glob("*/video.mp4"))
    assert len(found) == 1 and found[0].read_bytes()[4:8] == b"ftyp"


def test_the_demo_can_be_had_twice_on_one_directory(tmp_path):
    for number in (1, 2):
        result = program.run(
            *("serve", "--demo", "--once", "--data", tmp_path / "demo"),
            *("--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"),
        )
        assert result.returncode == 0, result.stderr
        assert len(list((tmp_path / "demo/videos").glob("*/video.mp4"))) == number


def doctor(tmp_path, **env):
    return program.run("doctor", "--data", tmp_path / "data", env=env)


def test_the_doctor_finds_a_healthy_set_up(provide, tmp_path):
    result = doctor(
        tmp_path,
        OPENAI_WEBHOOK_SECRET=program.WEBHOOK_SECRET,
        OPENAI_API_KEY=program.API_KEY,
        OPENAI_BASE_URL=provide().url + "/v1",
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_doctor_tells_of_a_wrong_secret_and_an_unreachable_provider(tmp_path):
    result = doctor(
        tmp_path,
        OPENAI_WEBHOOK_SECRET="whsec_!",
        OPENAI_API_KEY=program.API_KEY,
        OPENAI_BASE_URL=f"http://127.0.0.1:{program.free_port()}/v1",
    )
    assert result.returncode != 0
    assert "OPENAI_WEBHOOK_SECRET" in result.stdout + result.stderr
    result = doctor(
        tmp_path,
        OPENAI_WEBHOOK_SECRET=program.WEBHOOK_SECRET,
        OPENAI_API_KEY=program.API_KEY,
        OPENAI_BASE_URL=f"http://127.0.0.1:{program.free_port()}/v1",
    )
    assert result.returncode == 1
    assert "provider" in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["--help"], ["serve", "--help"], ["emulate", "--help"], ["send", "--help"],
        ["sign", "--help"], ["verify", "--help"], ["events", "list", "--help"],
        ["events", "tail", "--help"], ["videos", "create", "--help"], ["doctor", "--help"],
    ],
    ids=" ".join,
)
def test_help_explains_itself(words):
    result = program.run(*words)
    assert result.returncode == 0
    assert "--" in result.stdout
    assert "\x1b" not in result.stdout


def test_version_and_completions():
    assert re.search(r"\d+\.\d+", program.run("version").stdout)
    for shell in ("bash", "zsh", "fish"):
        assert "reelhook" in program.run("completions", shell).stdout
    assert program.run("completions", "tcsh").returncode == 2


def test_videos_made_by_the_command_line(emulate, serve):
    service = serve(emulate("--duration", "500ms"))
    made = program.run(
        *("videos", "create", "--prompt", "A reel", "--wait", "60s", "--data", service.data)
    )
    assert made.returncode == 0, made.stderr
    video = made.stdout.split()[0]
    assert service.file(video).exists()
    got = program.run("videos", "get", video, "--json", "--data", service.data)
    assert json.loads(got.stdout)["status"] == "completed"
    remix = program.run("videos", "remix", video, "--prompt", "b", "--data", service.data)
    assert remix.returncode == 0 and remix.stdout.split()[0] != video
    listed = program.run("videos", "list", "--json", "--data", service.data)
    assert video in [json.loads(line)["id"] for line in listed.stdout.splitlines()]
    deleted = program.run("videos", "delete", video, "--data", service.data)
    assert deleted.returncode == 0, deleted.stderr
    assert service.file(video).exists(), "what is stored stays"
