"""The built binary as a child process, with its output kept."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]

API_KEY = "sk-endtoend-5up3rs3cr3tk3y"
WEBHOOK_SECRET = "whsec_ZW5kLXRvLWVuZC13ZWJob29rLXNlY3JldC0wMQ=="
NOTIFY_SECRET = "whsec_ZW5kLXRvLWVuZC1ub3RpZnktc2VjcmV0LTAwMg=="


def binary():
    """The binary under test: REELHOOK_BINARY, else the newest build in the repository."""
    named = os.environ.get("REELHOOK_BINARY")
    if named:
        return named
    built = [ROOT / ".build" / kind / "reelhook" for kind in ("release", "debug")]
    built = [path for path in built if path.exists()]
    assert built, "build reelhook first, or name it in REELHOOK_BINARY"
    return str(max(built, key=lambda path: path.stat().st_mtime))


def free_port():
    """A port that was free a moment ago, for what must be known before its owner starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, timeout=30, what="the condition"):
    """Waits for a condition to be true and returns its value; fails with `what` after a while.

    `what` is a text, or makes one when it is needed.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            what = what() if callable(what) else what
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.05)


def environment(extra=None):
    """A clean environment: nothing of the caller's settings leaks in."""
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "NO_COLOR": "1"}
    clean.update(extra or {})
    return clean


def run(*arguments, env=None, timeout=60, stdin=None):
    """Runs a command to its end and returns it, its output as text."""
    return subprocess.run(
        [binary(), *map(str, arguments)],
        env=environment(env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


class Program:
    """A command that runs until it is stopped."""

    def __init__(self, arguments, env=None, under=(), descriptors=()):
        # `under` is the command line of a program that runs the binary as its child, or becomes it;
        # the descriptors stay open in it.
        self.process = subprocess.Popen(
            [*map(str, under), binary(), *map(str, arguments)],
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=descriptors,
        )
        self.lines = []
        self._grown = threading.Condition()
        self._open = 2
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream):
        for line in stream:
            with self._grown:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self._grown.notify_all()
        stream.close()
        with self._grown:
            self._open -= 1
            self._grown.notify_all()

    @property
    def output(self):
        return "\n".join(self.lines)

    def announced(self, name):
        """The URL of a listener; a program that does not announce it is ended."""
        try:
            return self.wait_for(rf"listening {name} (https?://\S+)")[1]
        except AssertionError:
            self.kill()
            raise

    def wait_for(self, pattern, timeout=30):
        """The match of the first line that fits; fails when the program ends without one."""
        deadline = time.monotonic() + timeout
        seen = 0
        with self._grown:
            while True:
                for line in self.lines[seen:]:
                    match = re.search(pattern, line)
                    if match:
                        return match
                seen = len(self.lines)
                left = deadline - time.monotonic()
                assert self._open and left > 0, f"no line like {pattern!r} in:\n{self.output}"
                self._grown.wait(left)

    def end(self, sign=signal.SIGTERM, timeout=30):
        """Ends the program and returns its status; legal when it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"not ended by signal {sign}:\n{self.output}") from None
        for reader in self._readers:
            reader.join()
        return status

    def kill(self):
        return self.end(signal.SIGKILL)


class Emulator(Program):
    """`reelhook emulate`, with the surface for tests that it has under /emulator/."""

    def __init__(self, *arguments, webhook=None, secret=WEBHOOK_SECRET, key=API_KEY, env=None):
        words = ["emulate", "--listen", "127.0.0.1:0", "--api-key", key, *arguments]
        if "--seed" not in arguments:
            # A run that fails is to fail again.
            words += ["--seed", "1"]
        if webhook:
            words += ["--webhook", webhook]
        super().__init__(words, {"OPENAI_WEBHOOK_SECRET": secret, **(env or {})})
        self.url = self.announced("emulator")

    def control(self, path, method="GET", body=None):
        import http_calls

        answer = http_calls.call(method, f"{self.url}/emulator/{path}", body=body)
        assert answer.status == 200, answer.body
        return answer.json()

    @property
    def log(self):
        return self.control("log")

    def videos(self):
        """What the emulator knows of each video: its status, and the digest of each file."""
        return {video["id"]: video for video in self.control("videos")["data"]}

    def faults(self, **chances):
        return self.control("faults", "PUT", json.dumps(chances))

    def act(self, video, action):
        return self.control(f"videos/{video}/{action}", "POST")

    def create(self, prompt="A reel", **fields):
        """Makes a video without anybody's SDK and returns its id."""
        import http_calls

        answer = http_calls.call(
            "POST",
            f"{self.url}/v1/videos",
            headers={"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"},
            body=json.dumps({"prompt": prompt, **fields}),
        )
        assert answer.status == 200, answer.body
        return answer.json()["id"]


class Service(Program):
    """`reelhook serve` on a data directory; `again` starts it anew on the same ports."""

    def __init__(
        self,
        data,
        provider=None,
        config=None,
        env=None,
        intake=None,
        console=None,
        under=(),
        descriptors=(),
        wait=True,
    ):
        self.data = pathlib.Path(data)
        self.settings = {
            "OPENAI_API_KEY": API_KEY,
            "OPENAI_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "REELHOOK_LOG_LEVEL": "debug",
            **({"OPENAI_BASE_URL": f"{provider}/v1"} if provider else {}),
            **(env or {}),
        }
        self.config = config
        words = ["serve", "--data", data]
        words += ["--listen", f"127.0.0.1:{intake or 0}"]
        words += ["--console", f"127.0.0.1:{console or 0}"]
        if config:
            words += ["--config", config]
        super().__init__(words, self.settings, under, descriptors)
        if wait:
            self.listens()

    def listens(self):
        """Waits until it serves, and notes where."""
        self.intake = self.announced("intake")
        self.console = self.announced("console")
        self.hook = f"{self.intake}/webhooks/openai"

    def again(self):
        """The same service, started after this one has ended."""
        return Service(
            self.data,
            config=self.config,
            env=self.settings,
            intake=urllib.parse.urlsplit(self.intake).port,
            console=urllib.parse.urlsplit(self.console).port,
        )

    def events(self, *filters):
        """What `events list --json` says, the oldest first."""
        listed = run("events", "list", "--json", "--limit", 10000, "--data", self.data, *filters)
        assert listed.returncode == 0, listed.stderr
        return [json.loads(line) for line in reversed(listed.stdout.splitlines())]

    def event(self, webhook_id):
        found = [event for event in self.events() if event["webhook_id"] == webhook_id]
        return found[0] if found else None

    def wait_for_event(self, webhook_id, *states, timeout=30):
        """The event of that delivery once it is in one of the states."""
        last = None

        def arrived():
            nonlocal last
            last = self.event(webhook_id)
            return last if last and last["state"] in states else None

        try:
            return wait_until(arrived, timeout)
        except AssertionError:
            raise AssertionError(f"not {states} but {last}\n{self.output}") from None

    def file(self, video, name="video.mp4"):
        return self.data / "videos" / video / name

    def manifest(self, video):
        return json.loads(self.file(video, "manifest.json").read_text())

    def wait_stored(self, video, timeout=60):
        """The manifest of a video once it is written, which is the last thing a store does."""
        try:
            wait_until(lambda: self.file(video, "manifest.json").exists(), timeout)
        except AssertionError:
            events = [event for event in self.events() if event["video_id"] == video]
            raise AssertionError(f"{video} not stored: {events}\n{self.output}") from None
        return self.manifest(video)
