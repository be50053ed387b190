"""Senders at work: ends, the same end again, failures, strangers, and redeliveries of them all."""

import random
import threading
import time

SENDERS = 4


def size(video):
    """Films of 40 kB, and one in four of a megabyte or so, which takes a while."""
    chance = random.Random(f"size of {video}")
    return chance.randrange(600_000, 1_500_000) if chance.random() < 0.25 else 40_000


# Between the pieces of a film: the long ones take a quarter of a second.
PACE = 0.03


class Load:
    """Sends to a world's service, whichever that is, until it is left."""

    def __init__(self, world, seed, pause=0.02, open_max=40, padding=0):
        self.world, self.seed, self.pause = world, seed, pause
        self.openMax = open_max
        self.padding = padding
        self._isOver = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self):
        self._senders = [
            threading.Thread(target=self._send, args=(random.Random(f"{self.seed} {index}"),))
            for index in range(SENDERS)
        ]
        for sender in self._senders:
            sender.start()
        return self

    def __exit__(self, *arguments):
        self._isOver.set()
        for sender in self._senders:
            sender.join()

    def _send(self, chance):
        while not self._isOver.is_set():
            if not self.world.service:
                time.sleep(0.005)
                continue
            self.world.send(self._next(chance))
            time.sleep(chance.uniform(0, 2 * self.pause))

    def _next(self, chance):
        known = list(self.world.deliveries)
        roll = chance.random()
        if known and roll < 0.25:
            return chance.choice(known)
        refused = [each for each in known[-50:] if not each.isTaken]
        if refused and roll < 0.5:
            return chance.choice(refused)
        if len(self.world.wanted() - self.world.told()) > self.openMax:
            # The work is to be in flight, not to pile up.
            roll = 0.5
        with self._lock:
            video = next(self.world.videos)
        if roll < 0.6:
            return self.world.make(video, "response.completed", self.padding)
        if roll < 0.7:
            return self.world.make(video, "video.failed")
        completed = [each for each in known if each.type == "video.completed"]
        if completed and roll < 0.8:
            return self.world.make(chance.choice(completed).video)
        return self.world.make(video)
