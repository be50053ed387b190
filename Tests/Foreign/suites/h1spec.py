"""The table of uNetworking/h1spec: http_test.ts of a clone. Its 2xx is "taken" here."""

import re

from case import LITERAL, Case, refuses, takes, takes_or_refuses, unescape, waits

ENTRY = re.compile(
    rf"request: {LITERAL},\s*description: {LITERAL},\s*expectedStatus: (\[\[.*?\]\])(.*?)\n    \}}",
    re.S,
)


def cases(clone):
    text = (clone / "http_test.ts").read_text()
    for request, description, statuses, more in ENTRY.findall(text):
        wanted = refuses()
        if "expectedTimeout" in more:
            wanted = waits()
        elif "200" in statuses:
            wanted = takes_or_refuses() if "400" in statuses else takes()
        yield Case("h1spec", description, unescape(request), wanted)
