"""Kills the service at random moments under load, again and again on what is left."""

import concurrent.futures
import random
import threading

import load
import stage

KILLS = 500
# Kills of one world; each world is a data directory, and ends with a full count.
KILLS_OF_A_WORLD = 25


def life(world, chance):
    """One life: from the start to a kill, which may come before it is up."""
    service = world.spawn()
    isEarly = chance.random() < 0.15
    moment = chance.uniform(0, 0.15) if isEarly else chance.uniform(0.15, 1)
    killer = threading.Timer(moment, service.process.kill)
    killer.start()
    world.rise(service)
    killer.join()
    status = service.kill()
    isUp, world.service = world.service is not None, None
    world.counts["kills"] += 1
    world.counts["before it was up"] += not isUp
    if status != -9:
        world.fault(f"it ended by itself with {status}: {service.output[-1000:]}")


def play(seed, number, kills, report):
    world = stage.World("kill", load.size, load.PACE)
    chance = random.Random(f"{seed} {number}")
    try:
        with load.Load(world, f"{seed} {number}"):
            for _ in range(kills):
                life(world, chance)
                world.check_files()
                if chance.random() < 0.25:
                    world.check_stored()
        world.recover()
    except Exception as fault:  # noqa: BLE001 - a finding like any other, with its number
        world.fault(repr(fault))
    world.counts["told"] += len(world.told())
    world.close(keep=report.take(f"world {number}", world))


def run(seed, share, workers, only=None):
    """Kills `share` of 500 times."""
    report = stage.Report("kill")
    worlds = max(round(KILLS * share / KILLS_OF_A_WORLD), 1)
    kills = min(max(round(KILLS * share), 1), KILLS_OF_A_WORLD)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for number in only or range(1, worlds + 1):
            pool.submit(play, seed, number, kills, report)
    return report.end()
