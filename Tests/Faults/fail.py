"""Makes every system call that changes the data directory fail, in turn, and then at random.

The Nth call fails alone; or with a few after it; or with all after it until the disk is well again,
a while later; or any call may, under load. The service may refuse (503), try again, or stop with a clear message; what it
does not stop for it must get over by itself.
"""

import collections
import concurrent.futures
import errno
import random
import time

import load
import stage

# How long a disk stays broken, in seconds, and how many worlds have one that fails at random.
SPELL = 0.5
RANDOM_WORLDS = 24
WAYS = ("alone", "a few", "a spell")
KINDS = (errno.EIO, errno.ENOSPC)


def calm(world, wait):
    """Whether it is over it by itself: whatever was refused is taken, and everybody told."""
    end = time.monotonic() + wait
    for delivery in list(world.deliveries):
        while not delivery.isTaken and world.service.process.poll() is None:
            status = world.send(delivery)
            if status != 200 and time.monotonic() > end:
                return world.fault(f"it answers {status} after {wait} s without a fault")
            time.sleep(0 if delivery.isTaken else 0.05)
    if world.wait_told(wait):
        world.wait_settled(wait)
    elif world.service.process.poll() is None:
        waiting = sorted(world.wanted() - world.told())[:5]
        world.fault(f"not over it: {waiting}\n{world.service.output[-2000:]}")


def end(world, report):
    """Its end, or the end it came to: with words, and never by a trap."""
    service = world.spawned
    status = service.end()
    world.counts["stopped by it"] += status != 0
    if status not in (0, 1):
        world.fault(f"it ended with {status}: {service.output[-2000:]}")
    elif status == 1:
        word = service.lines[-1] if service.lines else ""
        report.said[word.replace(str(world.home), "")] += 1
        if not word.startswith("reelhook: "):
            world.fault(f"it stopped and did not say why: {service.output[-2000:]}")


def length(number, way):
    """How many calls fail, from that one on."""
    return {"alone": 1, "a few": 2 + number % 9, "a spell": 1 << 30}[way]


class World(stage.World):
    """One whose leases are short: whether a claim that the disk failed is there nobody knows, and
    one that is, is taken over after its lease."""

    def _settings(self):
        return {**super()._settings(), "dispatch": {"lease_seconds": 3}}


def step(kind, number, way, report):
    world = World("fail")
    name = f"{errno.errorcode[kind]} {number} {way}"
    options = ["--fail", number, "--errno", kind, "--for", length(number, way)]
    try:
        if world.start(*options, armed=True):
            for delivery in stage.act(world):
                world.send(delivery)
            if way == "a spell":
                time.sleep(SPELL)
                world.control.arm(False)
            calm(world, 30)
        end(world, report)
        reached = world.control.injected > 0
        world.counts["failed calls"] += world.control.injected
        world.check_files()
        world.recover()
    except Exception as fault:  # noqa: BLE001 - a finding like any other, with its number
        world.fault(repr(fault))
        reached = True
    world.close(keep=report.take(name, world))
    return reached


def weather(seed, number, report):
    """A disk that fails at random under load, gets well, and fails again."""
    chance = random.Random(f"{seed} {number}")
    kind, likelihood = chance.choice(KINDS), chance.choice((3_000, 30_000, 300_000))
    world = World("fail", load.size, load.PACE)
    options = ["--chance", likelihood, "--seed", chance.randrange(1 << 30), "--errno", kind]
    try:
        for spell in range(3):
            if not world.start(*options):
                world.fault(f"it does not start on a disk that is well: {world.ended[-1000:]}")
                break
            with load.Load(world, f"{seed} {number} {spell}"):
                time.sleep(0.2)
                world.control.arm()
                time.sleep(chance.uniform(0.3, 2))
                world.control.arm(False)
                time.sleep(0.2)
            calm(world, 30)
            end(world, report)
            world.counts["failed calls"] += world.control.injected
            world.check_files()
        world.recover()
    except Exception as fault:  # noqa: BLE001 - a finding like any other, with its number
        world.fault(repr(fault))
    world.close(keep=report.take(f"random {number}", world))


def total():
    """How many calls a whole life takes."""
    world = World("fail")
    try:
        world.start()
        for delivery in stage.act(world):
            world.send(delivery)
        calm(world, 60)
        world.service.end()
        return world.control.count
    finally:
        world.close()


def run(seed, share, workers, only=None):
    """Fails `share` of the calls: each alone, with a few more and in a spell, with each error."""
    report = stage.Report("fail")
    # The last words of those that stopped.
    report.said = collections.Counter()
    calls = total()
    stride = max(round(1 / share), 1)
    # Threads interleave: a life takes a few calls more or less than the one counted.
    numbers = only or range(1 + seed % stride, calls + 20, stride)
    steps = [(kind, number, way) for way in WAYS for kind in KINDS for number in numbers]
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        reached = list(pool.map(lambda words: step(*words, report), steps))
        for number in range(0 if only else round(RANDOM_WORLDS * share)):
            pool.submit(weather, seed, number, report)
    for word, count in report.said.most_common():
        print(f"  {count} times: {word}", flush=True)
    return report.end(boundaries=calls, steps=sum(reached))
