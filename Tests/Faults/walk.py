"""Kills the service at every write boundary in turn, over a whole life of it.

The Nth system call that changes the data directory is not made, or is made by half: a write of half
its bytes, anything else as the very last thing. Then the service is started on what is left.
"""

import concurrent.futures

import stage


def play(world):
    """From the first start to a clean end, or as far as the kill lets it."""
    for delivery in stage.act(world):
        world.send(delivery)
    if world.wait_told(60):
        world.wait_settled(60)
        world.service.end()


def count():
    """How many calls a whole life takes."""
    world = stage.World("walk")
    try:
        world.start()
        play(world)
        return world.control.count
    finally:
        world.close()


def step(how, number, report):
    world = stage.World("walk")
    try:
        if world.start(f"--{how}", number):
            play(world)
            world.service.kill()
        reached = world.control.count >= number
        world.check_files()
        world.recover()
    except Exception as fault:  # noqa: BLE001 - a finding like any other, with its number
        world.fault(repr(fault))
        reached = True
    world.close(keep=report.take(f"{how} {number}", world))
    return reached


def run(seed, share, workers, only=None):
    """Walks `share` of the boundaries, evenly spread from one that the seed draws."""
    report = stage.Report("walk")
    total = count()
    stride = max(round(1 / share), 1)
    walked = {}
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for how in ("kill", "tear"):
            # Threads interleave: a life takes a few calls more or less than the one counted.
            numbers = only or range(1 + seed % stride, total + 20, stride)
            reached = list(pool.map(lambda number: step(how, number, report), numbers))
            walked[how] = sum(reached)
    return report.end(boundaries=total, killed_before=walked["kill"], torn=walked["tear"])
