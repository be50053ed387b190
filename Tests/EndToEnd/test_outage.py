"""A provider or a receiver that is out: events wait for it, and none of them pays for it."""

import json
import threading

import deliveries
import listener
import program
import provider as providers

BREAKERS = {"dispatch": {"breaker_failures": 3, "breaker_probe_seconds": 1}}


class Outage:
    """An answer that can be switched."""

    def __init__(self, out=True):
        self._out = threading.Event()
        if out:
            self._out.set()

    def __bool__(self):
        return self._out.is_set()

    def end(self):
        self._out.clear()


def status(service):
    answer = program.run("status", "--json", "--data", service.data)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_fifty_events_wait_for_a_provider_that_is_down(provide, serve, receive, configured):
    outage = Outage()

    def answer(connection, request):
        if outage:
            providers.send(connection, b"{}", "application/json", "502 Bad Gateway")
        else:
            provider.completed(connection, request)

    provider = provide(status=answer)
    receiver = receive()
    service = serve(
        provider,
        config=configured({**BREAKERS, "polling": {"enabled": False}}),
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    for number in range(50):
        deliveries.deliver(service.hook, deliveries.event(video=f"video_{number}"))
    waiting = program.wait_until(
        lambda: len([e for e in service.events() if e["reason"] == "waiting_for_breaker"]) >= 45,
        what="the events to wait",
    )
    assert waiting
    found = status(service)
    assert found["is_running"]
    breaker, = found["breakers"]
    assert breaker["target"] == "provider:openai"
    assert breaker["state"] in ("open", "half_open")
    assert breaker["reason"] == "provider_gateway_error"
    assert "dead" not in found["events"]
    shown = program.run("events", "list", "--state", "waiting", "--data", service.data)
    assert "waiting_for_breaker: provider:openai" in shown.stdout
    # The provider is asked by a probe now and then, not by fifty events.
    before = len(provider.requests)
    assert before < 60

    # A restart keeps on waiting.
    service.end()
    service = serve.again(service)
    assert status(service)["breakers"][0]["state"] in ("open", "half_open")

    outage.end()
    program.wait_until(
        lambda: status(service)["events"] == {"done": 50}, timeout=60, what="all to be done"
    )
    assert len({body["data"]["id"] for _, body in receiver.accepted}) == 50
    assert status(service)["breakers"][0]["state"] == "closed"
    burnt = sum(max(0, step["attempts"] - 1) for e in service.events() for step in e["steps"])
    assert burnt <= 3


def test_a_receiver_that_is_down_costs_no_attempt(provide, serve, receive, configured):
    outage = Outage()
    receiver = receive(answer=lambda index: 500 if outage else 200)
    chain = {
        "name": "mine",
        "on": ["video.completed"],
        "steps": [
            {"fetch": {}},
            {"store": {}},
            {
                "notify": {"url": receiver.url, "secrets": [program.NOTIFY_SECRET]},
                "retry": {"attempts": 3, "base_ms": 10},
            },
        ],
    }
    service = serve(provide(), config=configured({**BREAKERS, "chains": [chain]}))
    ids = [
        deliveries.deliver(service.hook, deliveries.event(video=f"video_{number}"))[1]
        for number in range(8)
    ]
    program.wait_until(
        lambda: any(b["state"] != "closed" for b in status(service)["breakers"]), what="the breaker"
    )
    name = status(service)["breakers"][0]["target"]
    assert name.startswith("notify:http://127.0.0.1:") and "/hook" not in name
    # Twenty outages are met, more than anybody has attempts for.
    program.wait_until(lambda: len(receiver.deliveries) >= 10, timeout=60, what="the probes")
    assert "dead" not in status(service)["events"]
    outage.end()
    for id in ids:
        service.wait_for_event(id, "done")
    assert len(receiver.accepted) == 8


class Silence(listener.Listener):
    """A target that takes every request and never answers, until it is told to."""

    def __init__(self):
        self.requests = 0
        self.answers = threading.Event()
        super().__init__(backlog=256)

    def serve(self, connection):
        with connection:
            while connection.recv(65_536):
                self.requests += 1
                self.answers.wait(120)
                try:
                    connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                except OSError:
                    return

    def close(self):
        self.answers.set()
        super().close()


def failures(service, count):
    """Events of as many videos, which are told and fetched by nobody."""
    for number in range(count):
        body = deliveries.event("video.failed", video=f"failed_{number}")
        answer, _ = deliveries.deliver(service.hook, body)
        assert answer.status == 200


def test_a_target_that_hangs_leaves_room_for_the_others(
    provide, serve, receive, configured, started
):
    silent = Silence()
    started.append(silent)
    others = [receive() for _ in range(3)]
    targets = [
        {"url": target.url, "secrets": [program.NOTIFY_SECRET], "timeout_seconds": 55}
        for target in [silent, *others]
    ]
    steps = [{"notify": target, "name": f"tell-{index}"} for index, target in enumerate(targets)]
    service = serve(
        provide(),
        config=configured({
            "chains": [{"name": "mine", "on": ["video.failed"], "steps": steps}],
            "dispatch": {"concurrency_max": 8},
        }),
    )
    failures(service, 40)
    program.wait_until(
        lambda: all(len(other.accepted) == 40 for other in others),
        # Less than the silent one is given for a single request.
        timeout=45, what=lambda: f"the others: {[len(other.accepted) for other in others]}",
    )
    assert silent.requests == 4
    waiting = [event for event in service.events() if event["state"] == "waiting"]
    assert len(waiting) >= 30
    assert {event["reason"] for event in waiting} == {"waiting_for_turn"}

    # Once it answers, it is told of each.
    silent.answers.set()
    program.wait_until(
        lambda: status(service)["events"] == {"done": 40}, timeout=60, what="all to be told"
    )
    assert silent.requests == 40


def test_a_provider_that_hangs_leaves_room_for_others(provide, serve, receive, configured):
    answers = threading.Event()

    def answer(connection, request):
        answers.wait(120)
        provider.completed(connection, request)

    provider = provide(status=answer)
    receiver = receive()
    service = serve(
        provider,
        config=configured({"dispatch": {"concurrency_max": 8}, "polling": {"enabled": False}}),
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    try:
        for number in range(20):
            deliveries.deliver(service.hook, deliveries.event(video=f"video_{number}"))
        failures(service, 20)
        program.wait_until(
            lambda: len(receiver.accepted) == 20, timeout=25, what="the others to be told"
        )
        assert {body["type"] for _, body in receiver.accepted} == {"video.failed"}
    finally:
        answers.set()
    program.wait_until(
        lambda: status(service)["events"] == {"done": 40}, timeout=60, what="all to be done"
    )


def logged(service, *words):
    """The first line of the log with all of the words, once it is there."""

    def found():
        return [line for line in service.output.splitlines() if all(word in line for word in words)]

    return program.wait_until(found, what=lambda: f"{words} in {service.output}")[0]


def test_the_log_says_why_and_what_to_look_at(provide, serve):
    def answer(connection, request):
        body = b'{"error":{"message":"Incorrect API key: sk-wrong","type":"invalid_request_error"}}'
        providers.send(connection, body, "application/json", "401 Unauthorized")

    service = serve(provide(status=answer))
    deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    why = "provider_unauthorized: unauthorized, HTTP status 401"
    line = logged(service, "a video is not fetched yet", why)
    assert "The key was refused: check OPENAI_API_KEY." in line
    assert len(line) < 400
    logged(service, "step=fetch", why)
    assert "sk-wrong" not in service.output and program.API_KEY not in service.output


def test_the_log_says_how_a_command_ended_and_not_what_it_said(provide, serve, configured):
    command = ["/bin/sh", "-c", "echo hush-$((1000 + 1)) >&2; exit 3"]
    steps = [{"run": {"command": command}, "name": "tell", "retry": {"attempts": 1}}]
    service = serve(
        provide(),
        config=configured({"chains": [{"name": "mine", "on": ["video.failed"], "steps": steps}]}),
    )
    body = deliveries.event("video.failed", video="video_1")
    _, id = deliveries.deliver(service.hook, body)
    event = service.wait_for_event(id, "dead")
    shown = program.run("events", "show", event["sequence"], "--data", service.data)
    assert "hush-1001" in shown.stdout
    logged(service, "step given up", "command_failed: exit status 3")
    assert "hush-1001" not in service.output
