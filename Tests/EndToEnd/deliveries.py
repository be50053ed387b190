"""Deliveries as OpenAI sends them, signed by the Standard Webhooks library."""

import datetime
import json
import secrets
import time

import standardwebhooks

import http_calls
import program


def event(type="video.completed", video="video_68e5a1b2c3d4", **more):
    """The text of an event about a video."""
    body = {
        "id": "evt_" + secrets.token_hex(16),
        "object": "event",
        "created_at": int(time.time()),
        "type": type,
        "data": {"id": video},
        **more,
    }
    return json.dumps(body)


def headers(body, id=None, at=None, secret=program.WEBHOOK_SECRET):
    """The header fields of a delivery of that text."""
    id = id or new_id()
    moment = datetime.datetime.fromtimestamp(at or time.time(), datetime.timezone.utc)
    return {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": standardwebhooks.Webhook(secret).sign(id, moment, body),
    }


def new_id():
    return "wh_" + secrets.token_hex(16)


def deliver(url, body, trust=None, **options):
    """Posts a signed delivery; returns the answer and the id it was sent under."""
    fields = headers(body, **options)
    answer = http_calls.call("POST", url, fields, body.encode(), trust=trust)
    return answer, fields["webhook-id"]
