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
