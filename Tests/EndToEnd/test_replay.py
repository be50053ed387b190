"""Dead letters and replays, as an operator has them."""

import json

import deliveries
import program


def run(service, *words):
    answer = program.run(*words, "--data", service.data, env=service.settings)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def replays(service):
    return [json.loads(line) for line in run(service, "events", "replays", "--json").splitlines()]


def test_a_replay_goes_on_after_a_stop_and_a_restart(provide, serve):
    service = serve(provide())
    for number in range(30):
        event = deliveries.event(type="batch.completed", id=f"evt_{number}")
        deliveries.deliver(service.hook, event)
    program.wait_until(lambda: len(service.events()) == 30)
    counted = run(service, "events", "replay", "--type", "batch.completed", "--dry-run")
    assert counted.split()[0] == "30"
    assert len(service.events()) == 30
    begun = json.loads(
        run(service, "events", "replay", "--type", "batch.completed", "--rate", "10", "--detach",
            "--json")
    )
    assert begun["state"] == "running" and begun["matched"] == 30
    number = begun["replay"]
    program.wait_until(lambda: replays(service)[0]["replayed"] > 0)
    run(service, "events", "replay", "--stop", number, "--detach")
    stopped = replays(service)[0]
    assert stopped["state"] == "stopped" and 0 < stopped["replayed"] < 30
    service.end()
    service = serve.again(service)
    assert replays(service)[0]["replayed"] == stopped["replayed"]
    run(service, "events", "replay", "--continue", number)
    done = replays(service)[0]
    assert done["state"] == "done" and done["replayed"] == 30
    made = [event for event in service.events() if event["origin"] == "replay"]
    assert len(made) == 30
    # Each once, and none of what was replayed itself.
    assert len({event["related_sequence"] for event in made}) == 30
    assert {event["state"] for event in made} == {"unhandled"}
    again = run(service, "events", "replay", "--type", "batch.completed", "--dry-run")
    assert again.split()[0] == "30"


def test_a_replay_without_a_service_is_done_by_the_command(provide, serve):
    service = serve(provide())
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    sequence = service.wait_for_event(id, "done")["sequence"]
    service.end()
    assert run(service, "events", "replay", sequence).startswith("1 replayed")
    assert json.loads(run(service, "status", "--json"))["is_running"] is False
    service = serve.again(service)
    again = program.wait_until(
        lambda: [e for e in service.events() if e["origin"] == "replay" and e["state"] == "done"]
    )
    assert len(again) == 1


def test_dead_letters_are_listed_shown_retried_by_filter_and_discarded(
    provide, serve, configured, tmp_path
):
    mark = tmp_path / "fixed"
    step = {
        "run": {"command": ["/usr/bin/test", "-e", str(mark)]},
        "retry": {"attempts": 2, "base_ms": 10},
    }
    chain = {"name": "mine", "on": ["batch.completed", "batch.failed"], "steps": [step]}
    service = serve(provide(), config=configured({"chains": [chain]}))
    for number, type in enumerate(["batch.completed", "batch.completed", "batch.failed"]):
        event = deliveries.event(type=type, id=f"evt_{number}")
        service.wait_for_event(deliveries.deliver(service.hook, event)[1], "dead")
    listed = [
        json.loads(line)
        for line in run(service, "events", "list", "--state", "dead", "--json").splitlines()
    ]
    assert len(listed) == 3
    shown = json.loads(run(service, "events", "show", listed[0]["sequence"], "--json"))
    assert [attempt["outcome"] for attempt in shown["history"]] == ["retry", "dead"]
    assert [attempt["reason"] for attempt in shown["history"]] == ["command_failed"] * 2
    gone = run(service, "events", "discard", "--type", "batch.failed", "--reason", "not needed")
    assert gone.startswith("1 discarded")
    mark.touch()
    assert run(service, "events", "retry", "--type", "batch.completed").startswith("2 retried")
    program.wait_until(lambda: {e["state"] for e in service.events()} == {"done", "discarded"})
    discarded, = [e for e in service.events() if e["state"] == "discarded"]
    assert discarded["reason"] == "discarded_by_operator"
    assert discarded["detail"] == "not needed"
    nothing = program.run("events", "retry", "--data", service.data)
    assert nothing.returncode == 2
