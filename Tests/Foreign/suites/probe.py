"""The graded probes of MDA2AV/Http11Probe: src/Http11Probe/TestCases/Suites/*.cs of a clone.

Only those whose bytes are one string literal with no other hole than the host, and whose verdict is
an exact status or one of the phrases below; the others need the program itself.
"""

import re

from case import LITERAL, Case, Want, refuses, takes, takes_or_refuses, unescape

TEST = re.compile(r"new TestCase\s*\{(.*?)\n        \};", re.S)
PAYLOAD = re.compile(
    rf"PayloadFactory = (?:ctx|_) =>\s*MakeRequest\(\s*((?:\$?{LITERAL}[\s+]*)+)\)\s*,")
EITHER, REFUSED = takes_or_refuses(), refuses()
PHRASES = {
    "400 or 2xx": EITHER, "2xx or 400": EITHER, "400 or 2xx/404": EITHER, "417 or 2xx": EITHER,
    "2xx preferred; 400 warns": EITHER, "400 or close (pass), 2xx (warn)": EITHER,
    "400 or close preferred; 2xx acceptable": EITHER, "415 or 2xx": EITHER, "!101": EITHER,
    "400 or close": REFUSED, "400, or close": REFUSED, "400/501 or close": REFUSED,
    "400/431 or close": REFUSED, "400/414/431 or close": REFUSED, "400/405/501 or close": REFUSED,
    "501/405/400 or close": EITHER, "400, or close (no extra response)": REFUSED,
    "2xx + echo": takes(), "2xx": takes(), "2xx + close": Want(1, 1, "nothing", closes=True),
    "400, or 2xx + close": takes_or_refuses(closes=True), "2xx (no crash)": takes(),
}


def want(text):
    expected = text[text.index("Expected ="):]
    if "CustomValidator" not in expected:
        if "Exact(400)" in expected:
            return refuses()
        return takes() if "Range2xx" in expected else None
    described = re.findall(rf"Description = {LITERAL}", expected)
    return PHRASES.get(described[-1]) if described else None


def cases(clone):
    for path in sorted((clone / "src/Http11Probe/TestCases/Suites").glob("*.cs")):
        for text in TEST.findall(path.read_text()):
            payload, wanted = PAYLOAD.search(text), want(text) if "Expected =" in text else None
            if not payload or not wanted or "Scored = false" in text:
                continue
            inside = "".join(re.findall(LITERAL, payload[1], re.S))
            inside = inside.replace("{ctx.HostHeader}", "127.0.0.1:8080")
            if re.search(r"\{\w", inside):
                continue
            name = re.search(rf"Id = {LITERAL}", text)[1]
            yield Case("probe", name, unescape(inside), wanted)
