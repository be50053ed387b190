"""Runs the fault runs that are named, or all: see README.md beside this file."""

import argparse
import importlib
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))

RUNS = ("walk", "kill", "power", "states", "fail", "full")


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("names", nargs="*", choices=[*RUNS, []], help="the runs; default all")
    words.add_argument("--seed", type=int, help="default: a new one, which is told")
    words.add_argument("--share", type=float, default=1.0, help="of each run's steps, up to 1")
    words.add_argument("--workers", type=int, default=3, help="worlds at the same time")
    words.add_argument("--only", type=int, nargs="+", help="these steps alone")
    given = words.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1 << 31)
    print(f"seed {seed}", flush=True)
    isGood = True
    for name in given.names or RUNS:
        run = importlib.import_module(name).run
        isGood = run(seed, given.share, given.workers, given.only) and isGood
    return 0 if isGood else 1


if __name__ == "__main__":
    sys.exit(main())
