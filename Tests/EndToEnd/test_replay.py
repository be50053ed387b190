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
    assert shown["history_count"] == 2
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


def two_chains(mark, *more):
    """One that fails until a file is there, and one that waits for an hour."""
    type = {"on": ["batch.completed"]}
    mend = {
        "run": {"command": ["/usr/bin/test", "-e", str(mark)]},
        "retry": {"attempts": 1},
    }
    wait = {
        "run": {"command": ["/bin/false"]},
        "retry": {"attempts": 1000, "base_ms": 3_600_000, "cap_seconds": 86_400},
    }
    return {
        "chains": [{"name": "a", **type, "steps": [mend]}, {"name": "b", **type, "steps": [wait]}]
    }


def chain_states(event):
    return {step["chain"]: step["state"] for step in event["steps"]}


def test_a_dead_chain_is_reached_while_another_waits(provide, serve, configured, tmp_path):
    mark = tmp_path / "fixed"
    service = serve(provide(), config=configured(two_chains(mark)))
    for number in (1, 2):
        event = deliveries.event(type="batch.completed", id=f"evt_{number}")
        deliveries.deliver(service.hook, event)
    program.wait_until(
        lambda: [chain_states(e) for e in service.events()] == [{"a": "dead", "b": "waiting"}] * 2,
    )

    def dead():
        lines = run(service, "events", "list", "--state", "dead", "--json").splitlines()
        return [json.loads(line)["sequence"] for line in lines]

    assert dead() == [2, 1]
    assert json.loads(run(service, "status", "--json"))["events"]["dead"] == 2
    gone = run(service, "events", "discard", 2, "--reason", "not needed")
    assert gone == "1 discarded: 2\n"
    assert dead() == [1]
    mark.touch()
    assert run(service, "events", "retry", "--type", "batch.completed") == "1 retried: 1\n"
    program.wait_until(
        lambda: [chain_states(e) for e in service.events()]
        == [{"a": "done", "b": "waiting"}, {"a": "discarded", "b": "waiting"}]
    )
    assert dead() == []


def test_dead_letters_that_are_named_and_not_there_fail_the_command(provide, serve, configured):
    step = {"run": {"command": ["/bin/false"]}, "retry": {"attempts": 1}}
    chain = {"name": "mine", "on": ["batch.completed"], "steps": [step]}
    service = serve(provide(), config=configured({"chains": [chain]}))
    event = deliveries.event(type="batch.completed", id="evt_1")
    service.wait_for_event(deliveries.deliver(service.hook, event)[1], "dead")
    for words in (
        ["discard", "999"], ["retry", "999"], ["discard", "--event", "evt_9"], ["replay", "999"],
    ):
        answer = program.run("events", *words, "--data", service.data, env=service.settings)
        assert answer.returncode == 1 and answer.stdout.startswith("0 "), words
        assert "no " in answer.stderr, words
    # Nothing is named, and nothing is found.
    assert run(service, "events", "discard", "--type", "batch.failed").startswith("0 discarded")
    half = program.run("events", "discard", 1, 999, "--data", service.data, env=service.settings)
    assert half.returncode == 1 and half.stdout == "1 discarded: 1\n"
    assert "999" in half.stderr and "1 9" not in half.stderr


def test_more_dead_letters_than_one_request_takes_are_all_discarded(provide, serve, configured):
    step = {"run": {"command": ["/bin/false"]}, "retry": {"attempts": 1}}
    chain = {"name": "mine", "on": ["batch.completed"], "steps": [step]}
    service = serve(provide())
    event = deliveries.event(type="batch.completed", id="evt_1")
    deliveries.deliver(service.hook, event)
    service.end()
    # Replays of one event that nobody took are many dead letters in little time.
    service.config = configured({"chains": [chain]})
    service = serve.again(service)
    for origin in ("webhook", *["replay"] * 10):
        words = ("--origin", origin) if origin == "replay" else ("1",)
        run(service, "events", "replay", *words, "--rate", 10_000)
    total = 1024
    program.wait_until(
        lambda: json.loads(run(service, "status", "--json"))["events"].get("dead") == total,
        timeout=60,
    )
    dead = ("events", "discard", "--state", "dead", "--json")
    limited = json.loads(run(service, *dead, "--limit", 3))
    assert limited == {"discarded": [total + 1, total, total - 1]}
    rest = json.loads(run(service, *dead))
    assert rest["discarded"] == list(range(total - 2, 1, -1))


def test_a_video_told_of_again_and_again_is_replayed_once(provide, serve, receive):
    receiver = receive()
    service = serve(
        provide(),
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    ids = [
        deliveries.deliver(service.hook, deliveries.event(video="video_1"))[1] for _ in range(3)
    ]
    late = deliveries.event(type="video.failed", video="video_1")
    ids.append(deliveries.deliver(service.hook, late)[1])
    service.wait_for_event(ids[0], "done")
    service.wait_for_event(ids[3], "contradicted")
    assert len(receiver.accepted) == 1

    def replayed(*words):
        counted = run(service, "events", "replay", *words, "--dry-run")
        done = run(service, "events", "replay", *words)
        assert counted.split()[0] == done.split()[0]
        program.wait_until(
            lambda: all(e["state"] == "done" for e in service.events() if e["origin"] == "replay")
        )
        return int(done.split()[0])

    assert replayed("--video", "video_1") == 1
    assert replayed("--since", "1h") == 1
    assert replayed("--webhook-id", ids[0]) == 1
    assert len(receiver.accepted) == 4
    # Told again on purpose.
    assert replayed("--webhook-id", ids[3]) == 1
    assert replayed("--state", "duplicate") == 2
    made = [e["related_sequence"] for e in service.events() if e["origin"] == "replay"]
    assert sorted(made) == [1, 1, 1, 2, 3, 4]


def test_what_no_chain_took_is_replayed_by_time_once_a_chain_is_there(provide, serve, configured):
    service = serve(provide())
    for number in range(3):
        event = deliveries.event(type="batch.completed", id=f"evt_{number}")
        deliveries.deliver(service.hook, event)
    program.wait_until(lambda: [e["state"] for e in service.events()] == ["unhandled"] * 3)
    service.end()
    step = {"run": {"command": ["/bin/true"]}}
    chain = {"name": "mine", "on": ["batch.completed"], "steps": [step]}
    service.config = configured({"chains": [chain]})
    service = serve.again(service)
    assert run(service, "events", "replay", "--until", "1h", "--dry-run").startswith("0 matched")
    assert run(service, "events", "replay", "--since", "1h", "--dry-run").startswith("3 matched")
    assert run(service, "events", "replay", "--since", "1h").startswith("3 replayed")
    program.wait_until(lambda: [e["state"] for e in service.events()[3:]] == ["done"] * 3)
    assert [e["related_sequence"] for e in service.events()[3:]] == [1, 2, 3]


def test_a_slow_replay_holds_up_no_other_and_is_found_when_it_is_old(provide, serve):
    service = serve(provide())
    for number in range(3):
        event = deliveries.event(type="batch.completed", id=f"evt_{number}")
        deliveries.deliver(service.hook, event)
    program.wait_until(lambda: len(service.events()) == 3)
    slow = ("events", "replay", "--type", "batch.completed", "--rate", "0.001", "--detach")
    assert json.loads(run(service, *slow, "--json"))["replay"] == 1
    program.wait_until(lambda: replays(service)[-1]["replayed"] == 1)
    for number in range(2, 103):
        done = json.loads(run(service, "events", "replay", 1, "--json"))
        assert (done["replay"], done["state"]) == (number, "done")
    assert replays(service)[-1]["replay"] == 1 and len(replays(service)) == 101
    run(service, "events", "replay", "--stop", 1, "--detach")
    assert replays(service)[-1]["state"] == "stopped"
    service.end()
    service = serve.again(service)
    assert replays(service)[-1]["state"] == "stopped"
    # After a restart it goes on at once, with one event.
    run(service, "events", "replay", "--continue", 1, "--detach")
    program.wait_until(lambda: replays(service)[-1]["replayed"] == 2)
    shown = json.loads(run(service, "status", "--json"))["replays"]
    assert [(job["replay"], job["state"]) for job in shown] == [(1, "running")]


def test_a_replay_that_is_killed_again_and_again_repeats_nothing(provide, serve):
    service = serve(provide())
    for number in range(60):
        event = deliveries.event(type="batch.completed", id=f"evt_{number}")
        deliveries.deliver(service.hook, event)
    program.wait_until(lambda: len(service.events()) == 60)
    run(service, "events", "replay", "--type", "batch.completed", "--rate", 40, "--detach")
    for least in (1, 20, 40):
        program.wait_until(lambda: replays(service)[0]["replayed"] >= least)
        service.kill()
        service = serve.again(service)
    program.wait_until(lambda: replays(service)[0]["state"] == "done")
    made = [e["related_sequence"] for e in service.events() if e["origin"] == "replay"]
    assert sorted(made) == list(range(1, 61))
    assert replays(service)[0]["replayed"] == 60
