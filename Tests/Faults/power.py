"""Cuts the power at random moments under load: in the middle of appends, downloads, chain steps.

The negative control runs the same with a tracer that lets every fsync do nothing: it must lose.
"""

import random
import time

import disks
import load
import stage

CUTS = 60
CUTS_OF_A_WORLD = 10
CONTROL_CUTS = 5


class World(stage.World):
    """A world on a disk that can lose its power."""

    def __init__(self, name, kind):
        self.disk = None
        super().__init__(name, load.size, load.PACE)
        self.disk = disks.PoweredDisk(self.home, kind)
        self.disk.up()

    def close(self, keep=False):
        if self.spawned:
            self.spawned.kill()
        if self.disk:
            self.disk.close()
        super().close(keep)

    def cut(self):
        """Who had been answered and told before the cut; the rest is a future that was not."""
        taken = {each.id for each in self.deliveries if each.isTaken}
        told = self.told()
        middles = {
            "appends": self.sending.count,
            "downloads": self.provider.giving.count,
            "steps": len(self.wanted() - self.told()),
        }
        self.disk.cut()
        self.counts["cuts"] += 1
        for name, count in middles.items():
            self.counts[f"amid {name}"] += count > 0
        # Who was told during the cut may or may not be told again.
        return taken, told, len(self.receiver.arrived)

    def forget(self, taken, arrived):
        for delivery in self.deliveries:
            delivery.isTaken = delivery.id in taken
        del self.receiver.arrived[arrived:]


def life(world, seed, chance, options):
    """From a start to a power cut, and a look at the disk that it left."""
    if not world.start(*options, traced=bool(options)):
        return world.fault(f"it does not start again: {world.ended[-1000:]}")
    with load.Load(world, seed, pause=0.002):
        time.sleep(chance.uniform(0.1, 1.2))
        taken, told, arrived = world.cut()
    world.service.kill()
    world.service = None
    world.disk.left()
    world.forget(taken, arrived)
    world.check_files(told)
    world.check_stored()


def play(seed, number, kind, cuts, report, options=()):
    """One world; whether it kept its promises."""
    world = World("power", kind)
    chance = random.Random(f"{seed} {number}")
    try:
        for cut in range(cuts):
            life(world, f"{seed} {number} {cut}", chance, options)
            if options and world.faults:
                break
        if not options:
            world.recover()
    except Exception as fault:  # noqa: BLE001 - a finding like any other, with its number
        world.fault(repr(fault))
    isGood = not world.faults
    world.close(keep=report.take(f"world {number} on {kind}", world))
    return isGood


def control(seed, report):
    """The same without fsync, which must lose something, or the run proves nothing."""
    unsynced = stage.Report("power, fsync does nothing", isQuiet=True)
    isGood = play(seed, 0, "ext4", CONTROL_CUTS, unsynced, ["--skip-sync"])
    unsynced.end()
    if isGood:
        report.faults.append("control: nothing was lost although fsync did nothing")
        print("  control: nothing was lost although fsync did nothing", flush=True)


def run(seed, share, workers, only=None):
    """Cuts `share` of 60 times, on ext4 and on XFS in turn, and runs the control."""
    report = stage.Report("power")
    reason = disks.why_not()
    if reason:
        print(f"power: not run, since {reason}", flush=True)
        return False
    worlds = max(round(CUTS * share / CUTS_OF_A_WORLD), 1)
    cuts = min(max(round(CUTS * share), 1), CUTS_OF_A_WORLD)
    for number in only or range(1, worlds + 1):
        play(seed, number, ("ext4", "xfs")[number % 2], cuts, report)
    control(seed, report)
    return report.end()
