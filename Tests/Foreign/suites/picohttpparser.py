"""The requests of test.c in a clone of h2o/picohttpparser."""

import re

from case import LITERAL, Case, refuses, takes, unescape, waits, with_host

PARSE = re.compile(rf"PARSE\({LITERAL}, .+?, (0|-1|-2), {LITERAL}\);")
WANTS = {"0": takes(), "-1": refuses(), "-2": waits()}


def cases(clone):
    text = (clone / "test.c").read_text()
    requests = text[text.index("static void test_request"):text.index("static void test_response")]
    for number, (request, result, comment) in enumerate(PARSE.findall(requests)):
        yield Case("picohttpparser", f"{number} {comment}", with_host(unescape(request)),
                   WANTS[result])
