"""Sends the cases of each suite to Reelhook, nginx, Node and Go, and prints what passes."""

import argparse
import collections
import fnmatch
import importlib
import pathlib
import sys
import tempfile

import exchange
import servers
from suites import answers, tls

HERE = pathlib.Path(__file__).resolve().parent
# What comes with a package, and what is read from a clone that the caller names.
INSTALLED = ("own", "gunicorn", "go_net_http", "httparse")
CLONED = {
    "llhttp": "nodejs/llhttp", "guardian": "aws/http-desync-guardian",
    "probe": "MDA2AV/Http11Probe", "h1spec": "uNetworking/h1spec",
    "smuggler": "defparam/smuggler", "garden": "narfindustries/http-garden",
    "apache": "apache/httpd-tests", "picohttpparser": "h2o/picohttpparser",
}


class Choices:
    """The disagreements that are meant, each with its reason; see the file."""

    def __init__(self, path):
        self.reasons, reason = {}, []
        for line in path.read_text().splitlines():
            if line.startswith("#") or not line.strip():
                reason = [] if not line.strip() else reason
            elif line.startswith("    "):
                self.reasons[line.strip()] = " ".join(reason)
            else:
                reason.append(line.strip())
        self.used = set()

    def reason(self, label):
        for pattern, reason in self.reasons.items():
            if fnmatch.fnmatchcase(label, pattern):
                self.used.add(pattern)
                return reason
        return None

    def unused(self, suites):
        """The choices about the suites given that no case has needed."""
        return [one for one in self.reasons
                if one not in self.used and one.split("/")[0] in suites]


class Table:
    """Passed cases by suite and server, and the disagreements of Reelhook."""

    def __init__(self, choices, told):
        self.choices, self.told = choices, told
        self.rows, self.unexplained, self.chosen, self.suites = [], [], {}, set()

    def add(self, suite, server, count, failures):
        """Notes a suite's result on a server; a failure is a label and what was seen."""
        if not self.rows or self.rows[-1][0] != suite:
            self.rows.append((suite, count, {}))
        self.rows[-1][2][server] = count - len(failures)
        for label, seen in failures:
            self.suites.add(label.split("/")[0])
            if server in self.told:
                print(f"  {server}: {label}: {seen}")
            if server != "reelhook":
                continue
            reason = self.choices.reason(label)
            if reason:
                self.chosen.setdefault(reason, []).append(label)
            else:
                self.unexplained.append((label, seen))

    def print(self, names):
        print(f"\n{'suite':28}{'cases':>7}" + "".join(f"{name:>10}" for name in names))
        for suite, count, passed in self.rows:
            print(f"{suite:28}{count:7}" + "".join(f"{passed[name]:10}" for name in names))
        if self.chosen:
            print("\nWhere reelhook does otherwise, and means to:")
        for reason, labels in self.chosen.items():
            print(f"  {len(labels):4}  {reason}")
        for label, seen in self.unexplained:
            print(f"UNEXPLAINED  {label}: {seen}")


def run_suite(name, cases, fleet, quiet, table):
    results = {}
    for server in fleet:
        results[server.name] = exchange.outcomes(server, cases, quiet)
        failures = [(case.label, f"{outcome}; wanted {case.want}")
                    for case, outcome in zip(cases, results[server.name])
                    if not case.want.is_met(outcome)]
        table.add(name, server.name, len(cases), failures)
        if not server.is_alive:
            table.unexplained.append((f"{name}/{server.name}", "the server has ended"))
    return results


def kind(want, outcome):
    """How a server differs from what one of our own cases wants."""
    if want.then == "refusal":
        if outcome.taken <= want.most and outcome.is_refused:
            return "refuses as well, and leaves the connection open"
        if outcome.taken > want.most:
            return "takes what is refused here"
        return "waits where something is refused here"
    if outcome.is_refused or not outcome.is_open:
        return "refuses what is taken here"
    return "takes another number of requests"


def print_kinds(results, cases):
    """In how many of our own cases each of the others differs, and how."""
    print("\nOur own cases (fixtures/http1) elsewhere:")
    for server, outcomes in results.items():
        kinds = collections.Counter(kind(case.want, outcome)
                                    for case, outcome in zip(cases, outcomes)
                                    if not case.want.is_met(outcome))
        for text, count in kinds.most_common():
            print(f"  {server:10}{count:5}  {text}")


def run_answers(fleet, quiet, table, cases, results):
    """What h11 says of all answers to the cases, and httplint of one of each kind."""
    for server in fleet:
        found = [(f"h11/{case.name}", answers.by_h11(case, outcome))
                 for case, outcome in zip(cases, results[server.name])]
        table.add("h11 reads the answers", server.name, len(found), [f for f in found if f[1]])
    kinds = list(answers.cases(None))
    for server in fleet:
        outcomes = exchange.outcomes(server, kinds, quiet)
        found = [(f"httplint/{case.name}", answers.by_httplint(case, outcome))
                 for case, outcome in zip(kinds, outcomes)]
        table.add("httplint of the answers", server.name, len(found), [f for f in found if f[1]])


def run_tls(fleet, table):
    for server in fleet:
        found = tls.scan(server.port)
        failures = [(f"sslyze/{name}", fault) for name, fault in found.items() if fault]
        table.add("sslyze", server.name, len(found), failures)


def read_arguments():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--suites", nargs="+", default=[*INSTALLED, *CLONED],
                       choices=[*INSTALLED, *CLONED])
    words.add_argument("--servers", nargs="+", default=list(servers.NAMES), choices=servers.NAMES)
    words.add_argument("--newest", action="store_true",
                       help="the newest Node and Go too, beside the distribution's")
    words.add_argument("--quiet", type=float, default=1.0,
                       help="seconds without a byte after which a server has said all")
    words.add_argument("--tell", nargs="*", default=[],
                       choices=[*servers.NAMES, *servers.NEWEST],
                       help="print each case in which these servers do not pass")
    words.add_argument("--tls", action="store_true",
                       help="all of it over TLS, but for cases in which the client ends its side;"
                       " and what sslyze says")
    for name, repository in CLONED.items():
        words.add_argument(f"--{name}", type=pathlib.Path, metavar="PATH",
                           help=f"a clone of {repository}")
    given = words.parse_args()
    if given.newest:
        given.servers += servers.NEWEST
    return given


def main():
    given = read_arguments()
    table = Table(Choices(HERE / "choices"), given.tell)
    skipped = [name for name in CLONED if name in given.suites and not getattr(given, name)]
    with tempfile.TemporaryDirectory(prefix="reelhook-foreign-") as folder:
        folder = pathlib.Path(folder)
        fleet, own = [], None
        try:
            pair = servers.certificate(folder) if given.tls else ()
            fleet += [servers.Server(name, folder, pair) for name in given.servers]
            if given.tls:
                run_tls(fleet, table)
            for name in given.suites:
                if name in skipped:
                    continue
                where = getattr(given, name, None) or folder
                cases = list(importlib.import_module(f"suites.{name}").cases(where))
                if not cases:
                    sys.exit(f"{name}: no case found in {where}")
                cases = [case for case in cases if not (given.tls and case.ends)]
                if not cases:
                    continue
                results = run_suite(name, cases, fleet, given.quiet, table)
                if name == "own":
                    run_answers(fleet, given.quiet, table, cases, results)
                    own = (results, cases)
        finally:
            for server in fleet:
                server.end()
    table.print(given.servers)
    if own:
        print_kinds(*own)
    for name in skipped:
        print(f"left out: {name}; clone {CLONED[name]} and name it with --{name}")
    for one in table.choices.unused(set() if given.tls else {row[0] for row in table.rows}):
        print(f"NOT NEEDED  the choice {one}")
    return 1 if table.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
