"""No key, secret, signature or token is written or told anywhere."""

import base64

import deliveries
import http_calls
import program

TOKEN = "a-token-of-the-end-to-end-tests"


def test_nothing_secret_is_in_a_log_a_file_or_an_answer(
    emulate, serve, receive, configured, client, tmp_path
):
    receiver = receive(answer=lambda index: 500 if index < 1 else 200)
    port = program.free_port()
    emulator = emulate(
        *("--duration", "500ms", "--http-500", "20%", "--cut", "30%"),
        webhook=f"http://127.0.0.1:{port}/webhooks/openai",
    )
    service = serve(
        emulator,
        intake=port,
        env={
            "REELHOOK_NOTIFY_URL": receiver.url + "?token=url-token-of-the-receiver",
            "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET,
            "REELHOOK_API_TOKEN": TOKEN,
        },
    )
    answers = []
    api = client(service.console, key=TOKEN).with_options(max_retries=8)
    video = api.videos.create(prompt="A reel")
    api.videos.create(prompt="A reel [fail]")
    service.wait_stored(video.id)
    program.wait_until(
        lambda: len(receiver.accepted) >= 2,
        what=lambda: f"two notifications: {service.events()}\n{service.output}",
    )

    signatures = []
    for change in (lambda fields: None, forge, age, strip):
        body = deliveries.event(video=video.id)
        fields = deliveries.headers(body)
        signatures.append(fields["webhook-signature"].removeprefix("v1,"))
        change(fields)
        answers.append(http_calls.call("POST", service.hook, fields, body.encode()).body)
    allowed = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/metrics", "/v1/videos", f"/v1/videos/{video.id}", "/v1/videos/nobody", "/x"):
        for headers in (allowed, {}, {"Authorization": f"Bearer {TOKEN}x"}):
            answers.append(http_calls.call("GET", service.console + path, headers).body)
    for path in ("/healthz", "/readyz", "/x"):
        answers.append(http_calls.call("GET", service.intake + path).body)
    for command in (
        ["events", "list", "--json"], ["videos", "list", "--json"], ["doctor"],
        ["events", "list"], ["videos", "get", video.id],
    ):
        result = program.run(*command, "--data", service.data, env=service.settings)
        answers += [result.stdout.encode(), result.stderr.encode()]
    title = open(f"/proc/{service.process.pid}/cmdline", "rb").read()
    service.end()
    emulator_log = http_calls.call("GET", f"{emulator.url}/emulator/log").body

    places = {"the service's output": service.output.encode(), "the title": title}
    places["the emulator's output"] = emulator.output.encode()
    places["the emulator's log"] = emulator_log
    places |= {f"answer {index}": answer for index, answer in enumerate(answers)}
    for path in service.data.rglob("*"):
        if path.is_file():
            places[str(path)] = path.read_bytes()
    assert any("reelhook.db" in place for place in places)
    for place, content in places.items():
        for name, secret in secrets(signatures).items():
            assert secret not in content, f"{name} is in {place}"


def secrets(signatures):
    """What must not be found, by a name that can be shown."""
    found = {"the API key": program.API_KEY.encode(), "the token": TOKEN.encode()}
    found["the query of the notification's URL"] = b"url-token-of-the-receiver"
    for name, text in [("webhook", program.WEBHOOK_SECRET), ("notify", program.NOTIFY_SECRET)]:
        encoded = text.removeprefix("whsec_")
        found[f"the {name} secret"] = encoded.encode()
        found[f"the {name} key"] = base64.b64decode(encoded)
    for index, signature in enumerate(signatures):
        found[f"signature {index}"] = signature.encode()
    return found


def forge(fields):
    fields["webhook-signature"] = "v1," + "A" * 43 + "="


def age(fields):
    fields["webhook-timestamp"] = str(int(fields["webhook-timestamp"]) - 1000)


def strip(fields):
    del fields["webhook-id"]
