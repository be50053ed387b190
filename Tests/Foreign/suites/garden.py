"""The payloads of the bugs that narfindustries/http-garden has found: TROPHIES.md of a clone.

Each is a message that some server or proxy has wrongly taken; a few are well formed, and were only
misread.
"""

import re

from case import Case, Want, takes, unescape, with_host

ENTRY = re.compile(r"^(\d+)\. .*\n(?:  - (?!Payload).*\n)*  - Payload: `([^`]+)`$", re.M)
PARTS = {"server": "### Server Bugs", "proxy": "## Transducer Bugs"}
NEVER = Want(0, 0, "either")
WELL_FORMED = {"server/39", "server/41", "server/45", "proxy/21"}


def cases(clone):
    text = (clone / "TROPHIES.md").read_text()
    for part, title in PARTS.items():
        section = re.split(r"\n###? ", text[text.index(title):])[0]
        for number, payload in ENTRY.findall(section):
            name = f"{part}/{number}"
            want = takes() if name in WELL_FORMED else NEVER
            yield Case("garden", name, with_host(unescape(payload)), want)
