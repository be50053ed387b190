"""The stage of every fault run: a provider, a receiver, a sender, and a service to be hurt.

A world is one data directory and everybody around it. They outlive the service: what the sender was
answered, what the receiver was told and what the provider gave out is known here, so that after the
last restart the promises can be counted: accepted minus stored, done twice, whole or absent.
"""

import collections
import hashlib
import itertools
import json
import mmap
import os
import pathlib
import random
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time

import deliveries
import http_calls
import program
import provider as providers
import receiver as receivers

HERE = pathlib.Path(__file__).resolve().parent
THUMBNAIL = (program.ROOT / "fixtures/media/valid/thumbnail.webp").read_bytes()
TRIES = {"attempts": 1000, "base_ms": 50, "cap_seconds": 1, "longest_wait_seconds": 1}


def tracer():
    """The tracer's program, built when its source is newer."""
    source, built = HERE / "tracer.c", HERE / ".build" / "tracer"
    if not built.exists() or built.stat().st_mtime < source.stat().st_mtime:
        built.parent.mkdir(exist_ok=True)
        fresh = built.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", fresh, source], check=True)
        fresh.rename(built)
    return built


class Control:
    """What harness and tracer share: how many calls there were, and whether faults are on."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.write(bytes(32))
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 32)

    def _word(self, index):
        return struct.unpack_from("<Q", self._map, 8 * index)[0]

    def reset(self):
        self._map[:] = bytes(32)

    @property
    def count(self):
        return self._word(0)

    @property
    def injected(self):
        return self._word(2)

    @property
    def recorded(self):
        return self._word(3)

    def arm(self, isArmed=True):
        struct.pack_into("<Q", self._map, 8, int(isArmed))


class Tally:
    """How many are inside at this moment."""

    def __init__(self):
        self.count = 0
        self._lock = threading.Lock()

    def __enter__(self):
        with self._lock:
            self.count += 1

    def __exit__(self, *arguments):
        with self._lock:
            self.count -= 1


class Films(providers.Provider):
    """A provider whose film is another one for every video, with a tag and with ranges."""

    def __init__(self, sizes=lambda video: 40_000, pace=0):
        self.sizes = sizes
        self.pace = pace
        # Films that are on their way at this moment.
        self.giving = Tally()
        self._films = {}
        super().__init__()

    def film(self, video):
        if video not in self._films:
            size = max(self.sizes(video), 64)
            noise = random.Random(video).randbytes(size - 8)
            self._films[video] = providers.FILM + size.to_bytes(4, "big") + b"free" + noise
        return self._films[video]

    def digest(self, video):
        return hashlib.sha256(self.film(video)).hexdigest()

    def _serve(self, connection):
        try:
            with connection:
                request = providers.Request(connection)
                if request.path == "/v1/videos":
                    list = b'{"object":"list","data":[],"has_more":false}'
                    providers.send(connection, list, "application/json")
                elif not request.path.endswith("/content"):
                    self.status(connection, request)
                elif request.query == "variant=thumbnail":
                    providers.send(connection, THUMBNAIL, "image/webp")
                else:
                    with self.giving:
                        self._give(connection, request)
        except (OSError, ValueError):
            pass

    def _give(self, connection, request):
        film = self.film(request.video)
        tag = f'ETag: "{self.digest(request.video)[:16]}"\r\n'
        start = request.headers.get("range", "")
        start = int(start.removeprefix("bytes=").split("-")[0]) if start else 0
        status = "200 OK"
        if start:
            status = "206 Partial Content"
            tag += f"Content-Range: bytes {start}-{len(film) - 1}/{len(film)}\r\n"
        rest = film[start:]
        piece = len(rest) if not self.pace else max(len(rest) // 8, 65536)
        providers.send(connection, rest[:piece], status=status, length=len(rest), extra=tag)
        for at in range(piece, len(rest), piece):
            time.sleep(self.pace)
            connection.sendall(rest[at : at + piece])


class Delivery:
    """One delivery of the sender's, which sends it again until it is taken."""

    def __init__(self, video, type, body, id):
        self.video, self.type, self.body, self.id = video, type, body, id
        self.isTaken = False
        # How many records the tracer had written by then, at the most.
        self.takenAt = None


class Receiver(receivers.Receiver):
    """Counts what arrived, and when; who signed it is the end-to-end suite's matter."""

    def __init__(self, control):
        self.control = control
        self.arrived = []
        super().__init__(program.NOTIFY_SECRET)
        # A service that is killed resets its connections, which is no news here.
        self._server.handle_error = lambda *arguments: None

    def _take(self, headers, body):
        fields = {name.lower(): value for name, value in headers.items()}
        document = json.loads(body)
        id = fields["webhook-id"]
        at = self.control.recorded
        with self._lock:
            self.arrived.append((document["data"]["id"], id, at))
        return 200


class World:
    """One data directory and everybody around it."""

    def __init__(self, name, sizes=lambda video: 40_000, pace=0, under=None):
        self.name = name
        self.home = pathlib.Path(tempfile.mkdtemp(prefix=f"reelhook-{name}-"))
        # What a test mounts or cuts is below here; the data directory is made by the service.
        self.root = pathlib.Path(under) if under else self.home / "disk"
        self.root.mkdir(exist_ok=True)
        self.data = self.root / "data"
        self.control = Control(self.home / "control")
        self.provider = Films(sizes, pace)
        self.receiver = Receiver(self.control)
        self.deliveries = []
        self.videos = (f"video_{number}" for number in itertools.count(1))
        self.faults = []
        self.counts = collections.Counter()
        # Deliveries that are sent and not answered.
        self.sending = Tally()
        self.service, self.spawned = None, None
        self.lock = threading.Lock()
        self.config = self.home / "config.json"
        self.config.write_text(json.dumps(self._settings()))

    def _settings(self):
        notify = {
            "notify": {
                "url": self.receiver.url,
                "secrets": [{"env": "REELHOOK_NOTIFY_SECRET"}],
            },
            "retry": TRIES,
        }
        completed = [
            {"fetch": {"variants": ["video", "thumbnail"]}, "retry": TRIES},
            {"store": {}, "retry": TRIES},
            notify,
        ]
        return {
            "chains": [
                {"name": "completed", "on": ["video.completed"], "steps": completed},
                {"name": "failed", "on": ["video.failed"], "steps": [notify]},
            ],
            "polling": {"enabled": False},
            "fetch": {"reserve_bytes": 0},
        }

    # Everybody's part

    def spawn(self, *options, traced=False, armed=False, level="warning"):
        """Starts the service and does not wait until it is up."""
        self.control.reset()
        self.control.arm(armed)
        under = []
        if traced:
            under = [tracer(), "--under", self.root, "--control", self.control.path]
            under += [*options, "--"]
        self.service = None
        self.spawned = program.Service(
            self.data,
            self.provider.url,
            config=self.config,
            env={
                "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET,
                "REELHOOK_LOG_LEVEL": level,
            },
            under=under,
            wait=False,
        )
        return self.spawned

    def start(self, *options, traced=True, armed=False, level="warning"):
        """Starts the service; None when it ended before it was up, with its words in `ended`."""
        self.rise(self.spawn(*options, traced=traced, armed=armed, level=level))
        return self.service

    def rise(self, service):
        """Waits until it is up, or ended and said why."""
        self.ended = ""
        try:
            service.wait_for("listening intake ")
            service.wait_for("listening console ")
            service.listens()
            self.service = service
        except AssertionError as fault:
            self.ended = str(fault)
            try:
                service.process.wait(10)
            except subprocess.TimeoutExpired:
                self.fault(f"neither up nor ended: {self.ended[-2000:]}")

    def make(self, video, type="video.completed", padding=0):
        """A new delivery, under an id of its own, which is not sent yet."""
        body = deliveries.event(type, video, padding="x" * padding)
        delivery = Delivery(video, type, body, deliveries.new_id())
        with self.lock:
            self.deliveries.append(delivery)
        return delivery

    def send(self, delivery, timeout=10):
        """Posts a delivery once; the status, or 0 when there was no answer."""
        service = self.service
        if not service:
            return 0
        fields = deliveries.headers(delivery.body, id=delivery.id)
        body = delivery.body.encode()
        try:
            with self.sending:
                answer = http_calls.call("POST", service.hook, fields, body, timeout)
        except (OSError, http_calls.http.client.HTTPException):
            return 0
        if answer.status == 200:
            if not delivery.isTaken:
                delivery.takenAt = self.control.recorded
            delivery.isTaken = True
        elif answer.status == 503:
            if int(answer.headers.get("Retry-After", 0)) < 1:
                self.fault("a 503 without Retry-After")
        else:
            self.fault(f"the intake answered {answer.status}")
        return answer.status

    def fault(self, text):
        with self.lock:
            self.faults.append(text)

    def told(self):
        return {video for video, _, _ in list(self.receiver.arrived)}

    def wanted(self):
        """The videos that a taken delivery told an end of."""
        return {
            each.video
            for each in list(self.deliveries)
            if each.isTaken and each.type in ("video.completed", "video.failed")
        }

    def wait_told(self, timeout):
        """Whether every video that was told of is notified of within the time."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.wanted() <= self.told():
                return True
            if self.service.process.poll() is not None:
                return False
            time.sleep(0.01)
        return False

    # What must hold

    def check_files(self, told=None):
        """Whole or absent, and whoever was told of has its files: before any restart."""
        told = self.told() if told is None else told
        completed = {each.video for each in self.deliveries if each.type == "video.completed"}
        videos = self.data / "videos"
        for video in told & completed:
            for name in ("video.mp4", "thumbnail.webp", "manifest.json"):
                if not (videos / video / name).exists():
                    self.fault(f"{video} was told of, and its {name} is not there")
        for folder in videos.iterdir() if videos.exists() else []:
            for path in folder.iterdir() if folder.is_dir() and folder.name[0] != "." else []:
                self._check_file(folder.name, path)

    def _check_file(self, video, path):
        if path.name[0] == ".":
            return
        content = path.read_bytes()
        if path.name == "video.mp4":
            if content != self.provider.film(video):
                self.fault(f"{video}/video.mp4 is not whole: {len(content)} bytes")
        elif path.name == "thumbnail.webp":
            if content != THUMBNAIL:
                self.fault(f"{video}/thumbnail.webp is not whole: {len(content)} bytes")
        elif path.name == "manifest.json":
            try:
                files = {file["name"]: file["sha256"] for file in json.loads(content)["files"]}
            except (ValueError, KeyError):
                return self.fault(f"{video}/manifest.json is not whole")
            for name, digest in files.items():
                beside = path.parent / name
                found = beside.exists() and hashlib.sha256(beside.read_bytes()).hexdigest()
                if found != digest:
                    self.fault(f"{video}/manifest.json speaks of another {name}")
        else:
            self.fault(f"{video}/{path.name} is nothing that should be there")

    def recover(self, timeout=60):
        """Starts the service as it is, lets it finish everything, ends it, and counts."""
        if not self.start(traced=False):
            return self.fault(f"it does not start again: {self.ended[-2000:]}")
        self.finish(timeout)

    def finish(self, timeout=60):
        # What a sender was not answered, it sends again; what it was, it may.
        for delivery in self.deliveries:
            if delivery.isTaken:
                continue
            status = self.send(delivery)
            if status != 200:
                self.fault(f"after it, the intake answers {status}")
        if not self.wait_told(timeout):
            waiting = sorted(self.wanted() - self.told())[:5]
            self.fault(f"not told of {waiting}\n{self.service.output[-2000:]}")
        self.wait_settled(timeout)
        events = self.service.events()
        if self.service.end() != 0:
            self.fault("it does not end with 0")
        self.check_events(events)
        self.check_files()
        self.check_journal()
        self.check_leftovers()

    def wait_settled(self, timeout):
        """Waits for the last step's record, which follows what the receiver saw."""
        end = time.monotonic() + timeout
        open = True
        while open and time.monotonic() < end and self.service.process.poll() is None:
            open = [e for e in self.service.events() if e["state"] in OPEN]
            time.sleep(0.02 if open else 0)

    def check_stored(self):
        """Whether all that was taken stands in the journal, as the command line reads it."""
        listed = program.run("events", "list", "--json", "--limit", 10000, "--data", self.data)
        if listed.returncode != 0:
            taken = sum(delivery.isTaken for delivery in self.deliveries)
            return self.fault(f"LOST: {taken} accepted, none to be listed: {listed.stderr[-500:]}")
        stored = {json.loads(line)["webhook_id"] for line in listed.stdout.splitlines()}
        for delivery in list(self.deliveries):
            if delivery.isTaken and delivery.id not in stored:
                self.fault(f"LOST: {delivery.type} {delivery.video} was accepted, is not stored")

    def check_events(self, events):
        stored = {}
        for event in events:
            stored.setdefault(event["webhook_id"], []).append(event)
        for delivery in self.deliveries:
            found = stored.pop(delivery.id, [])
            self.counts["accepted"] += delivery.isTaken
            self.counts["stored"] += delivery.isTaken and bool(found)
            if delivery.isTaken and not found:
                self.fault(f"LOST: {delivery.type} {delivery.video} was accepted, is not stored")
            if len(found) > 1:
                self.fault(f"{delivery.id} is stored {len(found)} times")
        for id in stored:
            self.fault(f"an event that nobody sent: {id}")
        done = {}
        for event in events:
            if event["state"] == "done":
                done.setdefault((event["video_id"], event["type"]), []).append(event["sequence"])
            elif event["state"] not in ("duplicate", "unhandled"):
                text = f"{event['type']} {event['video_id']} is {event['state']}"
                self.fault(f"{text}: {event['reason']} {json.dumps(event['steps'])}")
        for fact, sequences in done.items():
            if len(sequences) > 1:
                self.fault(f"TWICE: {fact} was done as {sequences}")
        ids = {}
        for video, id, _ in self.receiver.arrived:
            ids.setdefault(video, set()).add(id)
        for video, several in ids.items():
            if len(several) > 1:
                self.fault(f"TWICE: {video} was told of under {len(several)} ids")

    def check_journal(self):
        """What only a reader of the file itself can see, once nobody writes it."""
        if (self.data / "reelhook.db-wal").exists():
            self.fault("a clean end left a write-ahead log behind")
        journal = sqlite3.connect(f"file:{self.data}/reelhook.db?mode=ro&immutable=1", uri=True)
        verdict = journal.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            self.fault(f"the journal is damaged: {verdict}")
        for sequence, step, count in journal.execute(
            "SELECT sequence, step, count(*) FROM attempts WHERE outcome = 'done'"
            " GROUP BY sequence, position, step HAVING count(*) > 1"
        ):
            self.fault(f"TWICE: step {step} of event {sequence} is recorded done {count} times")
        journal.close()

    def check_leftovers(self):
        for path in self.data.iterdir():
            if path.name[0] != "." and path.name not in ("reelhook.db", "videos"):
                self.fault(f"left behind: {path.name}")
        for part in self.data.rglob("*.part"):
            self.fault(f"left behind: {part.relative_to(self.data)}")

    def close(self, keep=False):
        """Ends everybody; the home stays, and is named, when it is worth a look."""
        if self.spawned:
            self.spawned.kill()
        self.provider.close()
        self.receiver.close()
        if keep:
            print(f"  kept: {self.home}", flush=True)
        else:
            shutil.rmtree(self.home, ignore_errors=True)


OPEN = ("pending", "running", "waiting")


def act(world):
    """The small play of the walks: an end, the same end again, another, a stranger, a failure."""
    yield world.make("video_a")
    yield world.make("video_a")
    yield world.make("video_b")
    yield world.make("video_x", "response.completed")
    yield world.make("video_f", "video.failed")


class Report:
    """What a run found, said as it goes."""

    def __init__(self, name, isQuiet=False):
        # A quiet one expects faults: they are counted and not told of.
        self.name, self.isQuiet = name, isQuiet
        self.start = time.monotonic()
        self.faults = []
        self.counts = collections.Counter(worlds=0, accepted=0, stored=0)
        self._lock = threading.Lock()

    def take(self, where, world):
        """A world's counts, and its faults with the words that make them again."""
        with self._lock:
            self.counts["worlds"] += 1
            self.counts.update(world.counts)
            for fault in world.faults:
                self.faults.append(f"{where}: {fault}")
                if not self.isQuiet:
                    print(f"  {where}: {fault}", flush=True)
        return bool(world.faults) and not self.isQuiet

    def end(self, **counts):
        counts.update(self.counts)
        counts["lost"] = sum("LOST" in fault for fault in self.faults)
        counts["twice"] = sum("TWICE" in fault for fault in self.faults)
        counts["faults"] = len(self.faults)
        counts["seconds"] = round(time.monotonic() - self.start)
        words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in counts.items())
        print(f"{self.name}: {words}", flush=True)
        return not self.faults
