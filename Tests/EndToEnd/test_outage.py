"""A provider or a receiver that is out: events wait for it, and none of them pays for it."""

import json
import threading

import deliveries
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
