"""The contract's table of the public listener, row by row."""

import concurrent.futures
import json
import time

import pytest

import deliveries
import http_calls
import program


@pytest.fixture
def service(serve, provide):
    return serve(provide())


def test_a_signed_delivery_is_received_and_kept(service):
    body = deliveries.event()
    answer, id = deliveries.deliver(service.hook, body)
    assert answer.status == 200
    assert answer.json() == {"received": True}
    event = service.event(id)
    assert event["origin"] == "webhook"
    assert event["source"] == "openai"
    assert event["type"] == "video.completed"
    assert event["event_id"] == json.loads(body)["id"]
    assert event["video_id"] == json.loads(body)["data"]["id"]
    for key in ("sequence", "received_at", "state", "attempts", "reason", "steps"):
        assert key in event


def test_the_same_id_again_is_a_duplicate(service):
    body = deliveries.event()
    _, id = deliveries.deliver(service.hook, body)
    answer, _ = deliveries.deliver(service.hook, body, id=id)
    assert answer.status == 200
    assert answer.json() == {"received": True, "duplicate": True}
    assert len([event for event in service.events() if event["webhook_id"] == id]) == 1


def test_twins_at_the_same_time_are_one_event(service):
    body, id = deliveries.event(), deliveries.new_id()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: deliveries.deliver(service.hook, body, id=id), range(32)))
    assert [answer.status for answer, _ in answers] == [200] * 32
    assert sum("duplicate" not in answer.json() for answer, _ in answers) == 1
    assert len([event for event in service.events() if event["webhook_id"] == id]) == 1


def refused(change):
    """What makes a good delivery bad, by name."""
    return pytest.param(change, id=change.__name__)


def no_id(fields):
    del fields["webhook-id"]


def no_timestamp(fields):
    del fields["webhook-timestamp"]


def no_signature(fields):
    del fields["webhook-signature"]


def empty_signature(fields):
    fields["webhook-signature"] = ""


def forged_signature(fields):
    fields["webhook-signature"] = "v1," + "A" * 43 + "="


def no_version(fields):
    fields["webhook-signature"] = fields["webhook-signature"].removeprefix("v1,")


def another_version(fields):
    fields["webhook-signature"] = fields["webhook-signature"].replace("v1,", "v2,")


def another_id(fields):
    fields["webhook-id"] += "0"


def id_with_a_stop(fields):
    fields["webhook-id"] = "wh_1.2"


def another_timestamp(fields):
    fields["webhook-timestamp"] = str(int(fields["webhook-timestamp"]) - 1)


def worded_timestamp(fields):
    fields["webhook-timestamp"] = "now"


def fractional_timestamp(fields):
    fields["webhook-timestamp"] += ".5"


CHANGES = [
    no_id,
    no_timestamp,
    no_signature,
    empty_signature,
    forged_signature,
    no_version,
    another_version,
    another_id,
    id_with_a_stop,
    another_timestamp,
    worded_timestamp,
    fractional_timestamp,
]


@pytest.mark.parametrize("change", [refused(change) for change in CHANGES])
def test_a_delivery_that_is_not_proven_is_refused(service, change):
    body = deliveries.event()
    fields = deliveries.headers(body)
    change(fields)
    answer = http_calls.call("POST", service.hook, fields, body.encode())
    assert answer.status == 401
    reference = http_calls.call("POST", service.hook, {}, b"x")
    assert (reference.status, answer.body) == (401, reference.body)
    assert len(answer.body) < 100
    assert service.events() == []


@pytest.mark.parametrize("body", ["", "{}", deliveries.event() + " "])
def test_another_body_than_the_signed_one_is_refused(service, body):
    fields = deliveries.headers(deliveries.event())
    assert http_calls.call("POST", service.hook, fields, body.encode()).status == 401
    assert service.events() == []


@pytest.mark.parametrize(
    "age, status", [(310, 401), (290, 200), (-290, 200), (-310, 401), (10**6, 401)]
)
def test_a_timestamp_counts_for_five_minutes_either_way(service, age, status):
    answer, _ = deliveries.deliver(service.hook, deliveries.event(), at=time.time() - age)
    assert answer.status == status


def test_any_of_the_secrets_may_have_signed(serve, provide):
    other = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
    service = serve(
        provide(), env={"OPENAI_WEBHOOK_SECRET": f"{other} \n {program.WEBHOOK_SECRET}"}
    )
    for secret in (other, program.WEBHOOK_SECRET):
        assert deliveries.deliver(service.hook, deliveries.event(), secret=secret)[0].status == 200
    body = deliveries.event()
    both = deliveries.headers(body)
    foreign = deliveries.headers(body, id=both["webhook-id"], secret=program.NOTIFY_SECRET)
    both["webhook-signature"] = foreign["webhook-signature"] + " " + both["webhook-signature"]
    assert http_calls.call("POST", service.hook, both, body.encode()).status == 200


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "",
        "null",
        "[]",
        '{"type": "video.completed"}',
        '{"type": "video.completed", "data": {"id": 7}}',
        deliveries.event(type="moon.landed"),
        deliveries.event(type="response.completed", video="resp_1"),
        "[" * 5000,
        '{"type": "video.completed", "data": {"id": "\\ud800"}}',
    ],
    ids=lambda body: body[:30] or "empty",
)
def test_a_signed_body_of_no_use_is_kept_and_visible(service, body):
    answer, id = deliveries.deliver(service.hook, body)
    assert answer.status == 200
    event = program.wait_until(lambda: service.event(id))
    assert event["state"] in ("unhandled", "done", "dead", "pending")
    shown = program.run("events", "show", id, "--json", "--data", service.data)
    assert shown.returncode == 0, shown.stderr


def test_a_body_that_is_not_text_is_kept(service):
    import base64
    import hashlib
    import hmac

    body, id, at = b"\xff\xfe\x00", deliveries.new_id(), str(int(time.time()))
    key = base64.b64decode(program.WEBHOOK_SECRET.removeprefix("whsec_"))
    code = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    fields = {
        "webhook-id": id,
        "webhook-timestamp": at,
        "webhook-signature": "v1," + base64.b64encode(code).decode(),
    }
    assert http_calls.call("POST", service.hook, fields, body).status == 200
    assert service.event(id)["type"] is None


def test_limits_of_size(service):
    body = deliveries.event(padding="x" * 1_000_000)
    assert len(body) < 1 << 20
    assert deliveries.deliver(service.hook, body)[0].status == 200
    answer, _ = deliveries.deliver(service.hook, deliveries.event(padding="x" * (1 << 20)))
    assert answer.status == 413
    path = "/webhooks/openai"
    long_field = f"POST {path} HTTP/1.1\r\nHost: h\r\nX: {'x' * 17000}\r\n\r\n"
    assert http_calls.status(http_calls.raw(service.hook, long_field.encode())) == 431
    long_target = f"POST {path}?{'x' * 9000} HTTP/1.1\r\nHost: h\r\n\r\n"
    assert http_calls.status(http_calls.raw(service.hook, long_target.encode())) == 414


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_told_which_one_there_is(service, method):
    answer = http_calls.call(method, service.hook)
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "path", ["/", "/webhooks", "/webhooks/other", "/v1/videos", "/metrics", "/v1/events"]
)
def test_nothing_else_is_served_there(service, path):
    assert http_calls.call("GET", service.intake + path).status == 404


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"POST /webhooks/openai HTTP/1.1\r\n\r\n",
        b"POST /webhooks/openai HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        b"POST /webhooks/openai HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /webhooks/openai HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
        b"POST /webhooks/openai HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_closed(service, data):
    assert http_calls.status(http_calls.raw(service.hook, data)) == 400


def test_a_delivery_that_is_cut_off_is_no_delivery(service):
    body = deliveries.event()
    fields = deliveries.headers(body)
    head = "POST /webhooks/openai HTTP/1.1\r\nHost: h\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    head += f"Content-Length: {len(body)}\r\n\r\n"
    received = http_calls.raw(service.hook, (head + body[:-1]).encode(), 3, half_close=True)
    assert http_calls.status(received) in (0, 400, 408)
    assert service.events() == []
    assert http_calls.call("POST", service.hook, fields, body.encode()).status == 200


def test_health_and_readiness(service):
    for path in ("/healthz", "/readyz"):
        assert http_calls.call("GET", service.intake + path).status == 200


def test_readiness_does_not_depend_on_the_provider(serve):
    service = serve(f"http://127.0.0.1:{program.free_port()}")
    assert http_calls.call("GET", service.intake + "/readyz").status == 200
    assert deliveries.deliver(service.hook, deliveries.event())[0].status == 200
