"""Whom events are told to, and in which shape."""

import http.server
import json
import threading

import deliveries
import program


class Chat:
    """Takes whatever is posted, unsigned, as a chat's webhook does."""

    def __init__(self, status=204):
        self.bodies = []
        chat = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                chat.bodies.append(json.loads(body))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/chat"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def chain(*targets, on=("video.completed",)):
    steps = [{"notify": target, "name": f"tell-{number}"} for number, target in enumerate(targets)]
    return {
        "name": "mine",
        "on": list(on),
        "steps": [{"fetch": {"variants": ["video"]}}, {"store": {}}, *steps],
    }


def test_several_targets_with_shapes_filters_and_secrets(
    provide, serve, receive, configured, started
):
    full, exact, unwanted = receive(), receive(deliveries_secret()), receive()
    chat = Chat()
    started.append(chat)
    config = configured(
        {
            "chains": [
                chain(
                    {"url": full.url, "secrets": [program.NOTIFY_SECRET]},
                    {"url": exact.url, "secrets": [deliveries_secret()], "shape": "openai"},
                    {
                        "url": unwanted.url,
                        "secrets": [program.NOTIFY_SECRET],
                        "only": {"models": ["another"]},
                    },
                    {"url": chat.url, "shape": "slack"},
                    {"url": chat.url, "template": {"line": "{video_id} {status} {seconds}s"}},
                )
            ]
        }
    )
    service = serve(provide(), config=config)
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    service.wait_for_event(id, "done")
    assert full.faults == [] and exact.faults == []
    (_, _, body), = full.deliveries
    assert body["data"]["files"][0]["variant"] == "video"
    (_, _, body), = exact.deliveries
    assert set(body) == {"id", "object", "created_at", "type", "data"}
    assert body["data"] == {"id": "video_1"}
    assert unwanted.deliveries == []
    place = service.file("video_1")
    assert chat.bodies == [
        {"text": f"Video video_1 is completed: {place}", "mrkdwn": False},
        {"line": "video_1 completed 4s"},
    ]


def deliveries_secret():
    return program.WEBHOOK_SECRET


def states(service, id):
    return {step["name"]: step["state"] for step in service.event(id)["steps"]}


def test_a_target_that_is_out_holds_up_no_other(provide, serve, receive, configured):
    outage = threading.Event()
    first = receive(answer=lambda index: 200 if outage.is_set() else 503)
    second = receive()
    mine = chain(*({"url": one.url, "secrets": [program.NOTIFY_SECRET]} for one in (first, second)))
    mine["steps"][-2]["retry"] = {"attempts": 1000, "base_ms": 500, "cap_seconds": 1}
    service = serve(
        provide(),
        config=configured(
            {"chains": [mine], "dispatch": {"breaker_failures": 3, "breaker_probe_seconds": 1}}
        ),
    )
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    program.wait_until(lambda: second.accepted, timeout=10, what="the other target to be told")
    body = second.accepted[0][1]
    assert body["data"]["files"][0]["variant"] == "video" and service.file("video_1").exists()
    program.wait_until(lambda: len(first.deliveries) >= 5, what="the first to be tried again")

    # A kill forgets nobody and tells nobody twice.
    service.kill()
    service = serve.again(service)
    tried = len(first.deliveries)
    program.wait_until(lambda: len(first.deliveries) >= tried + 2, what="the first to be tried")
    assert [step["name"] for step in service.event(id)["steps"]] == [
        "fetch", "store", "tell-0", "tell-1",
    ]
    program.wait_until(
        lambda: states(service, id)["tell-0"] == "waiting", what="the first to be waited for"
    )
    assert states(service, id) == {
        "fetch": "done", "store": "done", "tell-0": "waiting", "tell-1": "done",
    }
    outage.set()
    service.wait_for_event(id, "done")
    assert len(first.accepted) == len(second.deliveries) == 1
    assert len({fields["webhook-id"] for _, fields, _ in first.deliveries}) == 1


def test_a_target_that_refuses_is_retried_alone(provide, serve, receive, configured):
    accepts = threading.Event()
    first = receive(answer=lambda index: 200 if accepts.is_set() else 400)
    second = receive()
    mine = chain(*({"url": one.url, "secrets": [program.NOTIFY_SECRET]} for one in (first, second)))
    mine["steps"][-2]["retry"] = {"attempts": 2, "base_ms": 10}
    service = serve(provide(), config=configured({"chains": [mine]}))
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    service.wait_for_event(id, "dead")
    assert states(service, id) == {
        "fetch": "done", "store": "done", "tell-0": "dead", "tell-1": "done",
    }
    accepts.set()
    retried = program.run(
        "events", "retry", service.event(id)["sequence"], "--data", service.data
    )
    assert retried.returncode == 0, retried.stderr
    service.wait_for_event(id, "done")
    assert len(first.accepted) == len(second.deliveries) == 1


def test_targets_in_turn_and_commands_keep_their_order(
    provide, serve, receive, configured, tmp_path
):
    outage = threading.Event()
    first = receive(answer=lambda index: 200 if outage.is_set() else 400)
    second, third = receive(), receive()
    mine = chain(
        *({"url": one.url, "secrets": [program.NOTIFY_SECRET]} for one in (first, second, third))
    )
    mine["steps"][2]["retry"] = {"attempts": 1000, "base_ms": 100, "cap_seconds": 1}
    mine["steps"][3]["in_turn"] = True
    mine["steps"].append({"run": {"command": ["/usr/bin/touch", str(tmp_path / "after")]}})
    service = serve(provide(), config=configured({"chains": [mine]}))
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    program.wait_until(lambda: len(first.deliveries) >= 3, what="the first to be tried again")
    assert second.deliveries == third.deliveries == []
    outage.set()
    service.wait_for_event(id, "done")
    assert len(second.deliveries) == len(third.deliveries) == 1
    assert (tmp_path / "after").exists()


def test_two_secrets_of_a_rotation_both_sign(provide, serve, receive, configured):
    old, new = receive(), receive(deliveries_secret())
    secrets = [program.NOTIFY_SECRET, deliveries_secret()]
    config = configured(
        {"chains": [chain(*({"url": one.url, "secrets": secrets} for one in (old, new)))]}
    )
    service = serve(provide(), config=config)
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    service.wait_for_event(id, "done")
    assert old.faults == [] and new.faults == []
    assert len(old.deliveries) == len(new.deliveries) == 1


def test_a_target_that_is_gone_is_told_nothing_more(provide, serve, receive, configured):
    receiver = receive(answer=lambda index: 410)
    config = configured(
        {"chains": [chain({"url": receiver.url, "secrets": [program.NOTIFY_SECRET]})]}
    )
    service = serve(provide(), config=config)
    ids = []
    for number in range(3):
        _, id = deliveries.deliver(service.hook, deliveries.event(video=f"video_{number}"))
        service.wait_for_event(id, "dead")
        ids.append(id)
    assert len(receiver.deliveries) == 1
    assert [service.event(id)["reason"] for id in ids] == [
        "target_gone", "target_disabled", "target_disabled",
    ]


def test_a_template_with_a_name_that_nothing_stands_for_is_refused(configured, tmp_path):
    config = configured({"chains": [chain({"url": "http://127.0.0.1:1/", "template": "{vidio_id}"})]})
    served = program.run(
        "serve", "--config", config, "--data", tmp_path / "data",
        env={"OPENAI_WEBHOOK_SECRET": program.WEBHOOK_SECRET},
    )
    assert served.returncode == 2
    assert "nothing stands for {vidio_id}, did you mean {video_id}?" in served.stderr
