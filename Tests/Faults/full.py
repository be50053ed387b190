"""A file system that fills up under the service, is enlarged, breaks, and is mended.

Under a process that writes, Linux lets nobody make a file system read-only (EBUSY) but the file
system itself, which does it on an error, for good: until it is mounted anew. So a spell of
read-only under a process that goes on is made by the tracer (EROFS at every call), and the real
thing by making ext4 find an error.
"""

import errno
import os
import random
import time

import disks
import http_calls
import load
import program
import stage

# What is free at first, and what the disk grows to.
ROOM, LARGE = 112 << 20, 1400 << 20
# What downloads leave, and how much of it the journal takes with its log (16 MiB) and directories.
RESERVE, OURS = 48 << 20, 24 << 20
FILMS, PACE = 50, 0.1
# How long a service waits for room before it looks again, and some.
PATIENCE = 120
# A disk of ours that is full is no fault of the provider's, and burns none of these.
ATTEMPTS = 3


def size(video):
    """Films of which those at work at the same time would fill the reserve."""
    return random.Random(f"size of {video}").randrange(8_000_000, 12_000_000)


class World(stage.World):
    """A world on a file system of its own, with a reserve that downloads leave alone."""

    def __init__(self, kind, sizes, pace, reserve=0, options="defaults"):
        self.mount, self.reserve = None, reserve
        super().__init__("full", sizes, pace)
        disks.make(self.home / "disk.img", kind)
        self.mount = disks.Mount(self.home / "disk.img", self.root, options)
        self.mount.up()

    def _settings(self):
        settings = {**super()._settings(), "fetch": {"reserve_bytes": self.reserve}}
        for step in settings["chains"][0]["steps"][:2]:
            step["retry"] = {**stage.TRIES, "attempts": ATTEMPTS}
        return settings

    def close(self, keep=False):
        if self.spawned:
            self.spawned.kill()
        if self.mount:
            self.mount.down()
        super().close(keep)

    def status(self, path):
        return http_calls.call("GET", self.service.intake + path).status

    def leave(self, room):
        """Takes all the space but some."""
        facts = os.statvfs(self.root)
        with open(self.root / "ballast", "wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, facts.f_bavail * facts.f_frsize - room)


def refuse(world, what, padding=0, wait=60):
    """Sends until the answer is 503; the service must say that it is not ready, and live."""
    end = time.monotonic() + wait
    while time.monotonic() < end:
        video = next(world.videos)
        if world.send(world.make(video, "response.completed", padding)) == 503:
            break
    else:
        return world.fault(f"{what}: no delivery was refused")
    if world.status("/healthz") != 200:
        world.fault(f"{what}: it is not well")
    # What is refused says so until it can be stored again.
    if world.status("/readyz") != 503 and world.send(world.deliveries[-1]) == 503:
        world.fault(f"{what}: it refuses, and says that it is ready")
    world.counts["refused"] += 1


def take(world, what, wait=30):
    """Waits until every delivery is taken and everybody told, by itself."""
    begun = time.monotonic()
    for delivery in list(world.deliveries):
        while not delivery.isTaken:
            if world.send(delivery) != 200:
                if time.monotonic() - begun > wait:
                    return world.fault(f"{what}: refused for {wait} s after it")
                time.sleep(0.05)
    print(f"  {what}: taken again after {time.monotonic() - begun:.1f} s", flush=True)
    program.wait_until(lambda: world.status("/readyz") == 200, wait, f"{what}: ready again")
    if not world.wait_told(PATIENCE):
        waiting = sorted(world.wanted() - world.told())[:5]
        world.fault(f"{what}: not told of {waiting}\n{world.service.output[-2000:]}")


def free(world):
    facts = os.statvfs(world.root)
    return facts.f_bavail * facts.f_frsize


def fill_with_films(world):
    """More films than there is room for: those that cannot fit wait, and leave the reserve."""
    world.leave(ROOM)
    world.start(traced=False)
    end, least = time.monotonic() + 8, ROOM
    for _ in range(FILMS):
        world.send(world.make(next(world.videos)))
        least = min(least, free(world))
    while time.monotonic() < end:
        least = min(least, free(world))
        time.sleep(0.01)
    world.counts["least MB free"] = least >> 20
    if least < RESERVE - OURS:
        world.fault(f"downloads took the reserve: {least} bytes were left")
    waiting = len(world.wanted() - world.told())
    world.counts["films that waited"] = waiting
    if not waiting:
        world.fault("there was room for every film")
    if world.send(world.make(next(world.videos), "response.completed")) != 200:
        world.fault("films filled the disk of the journal")


def fill(world):
    """Until deliveries are refused, too."""
    refuse(world, "full", padding=900_000)
    world.check_files()
    world.mount.enlarge(LARGE)
    take(world, "enlarged", 60)
    world.service.end()
    world.service = None


def read_only(world):
    """For the process alone, while it runs."""
    world.start("--chance", 1_000_000, "--errno", errno.EROFS)
    for _ in range(3):
        for _ in range(5):
            world.send(world.make(next(world.videos)))
        world.control.arm()
        refuse(world, "read-only")
        time.sleep(0.5)
        world.control.arm(False)
        take(world, "writable again")
    if world.service.end() != 0:
        world.fault("read-only and back: it does not end with 0")
    world.service = None


def broken(world):
    """The file system finds an error, turns read-only, and is mounted anew."""
    world.start(traced=False)
    with load.Load(world, "broken"):
        time.sleep(0.5)
        world.mount.break_down()
        time.sleep(0.5)
    refuse(world, "broken")
    status = world.service.end()
    if status not in (0, 1):
        world.fault(f"broken: it ended with {status}: {world.service.output[-2000:]}")
    world.service = None
    world.mount.down()
    # Mended, but read-only for now: it says so and does not start.
    world.mount.up("ro,noload")
    if world.start(traced=False):
        world.fault("it starts on a file system that is read-only")
    elif "\nreelhook: " not in world.ended:
        world.fault(f"it stopped and did not say why: {world.ended[-2000:]}")
    world.mount.down()
    world.mount.up()


def play(report, name, world, *acts):
    try:
        for act in acts:
            act(world)
        world.recover()
    except Exception as fault:  # noqa: BLE001 - a finding like any other
        world.fault(repr(fault))
    world.close(keep=report.take(name, world))


def run(seed, share, workers, only=None):
    report = stage.Report("full")
    reason = disks.why_not()
    if reason:
        print(f"full: not run, since {reason}", flush=True)
        return False
    play(report, "full", World("xfs", size, PACE, RESERVE), fill_with_films, fill, read_only)
    options = "errors=remount-ro"
    play(report, "broken", World("ext4", load.size, load.PACE, options=options), broken)
    return report.end()
