"""Rebuilds the states that a power cut may leave, from a record of a life's system calls.

A cut of the power of a real file system shows what that one happens to do. Here the file system is
the least that POSIX promises: a write is on disk after an fsync of its file that began after it, a
name after an fsync of its directory; of the rest any part may be, torn at any sector. Names are
kept in their order, as every journalling file system does.
"""

import collections
import concurrent.futures
import os
import pathlib
import random
import struct

import program
import stage

# The record of tracer.c.
HEAD = struct.Struct("<IIQQqqII")
SECTOR = 512
CALLS = (
    "write pwrite64 writev pwritev pwritev2 ftruncate truncate fallocate copy_file_range sendfile"
    " fsync fdatasync sync_file_range syncfs rename renameat renameat2 link linkat unlink unlinkat"
    " rmdir mkdir mkdirat symlink chmod fchmod fchmodat bind open openat"
).split()
# What of the unflushed survives: nothing, all data and no names, all names and no data, a part.
KINDS = ("none", "data", "names", "some", "some")


class Call:
    """One recorded call: when it began, what it changed, and what it makes durable."""

    def __init__(self, index, name, begun, inode, offset, paths, data):
        self.index, self.name, self.begun = index, name, begun
        self.inode, self.offset, self.paths, self.data = inode, offset, paths, data
        # The file or directory whose content it changes or flushes.
        self.object = None

    @property
    def isOfDirectory(self):
        return self.object is not None and self.object.isDirectory


def read(path, base=0):
    """The calls that succeeded, in the order in which they returned, numbered after `base`."""
    calls, content, at, index = [], pathlib.Path(path).read_bytes(), 0, base
    while at < len(content):
        size, number, begun, inode, offset, result, path_size, data_size = HEAD.unpack_from(
            content, at
        )
        at += HEAD.size
        paths = content[at : at + path_size].rstrip(b"\0").decode().split("\0")
        data = content[at + path_size : at + path_size + data_size]
        at += size
        index += 1
        if result >= 0:
            calls.append(Call(index, CALLS[number], base + begun, inode, offset, paths, data))
    return calls


class Object:
    """A file, a directory or a symbolic link; a file's content is a list of changes."""

    def __init__(self, isDirectory=False, link=None):
        self.isDirectory, self.link = isDirectory, link
        self.changes = []


class Life:
    """What a recorded life did to its disk."""

    def __init__(self, calls, root, inode):
        self.root, self.calls = str(root), calls
        self.top = Object(isDirectory=True)
        self._live = {inode: self.top}
        # What happened to names: the index of its call, the directories it is in, and its effect.
        self.names = []
        now = {self.root: self.top}
        for call in calls:
            self._follow(call, now)

    def _follow(self, call, now):
        at = [os.path.normpath(path) for path in call.paths]
        match call.name:
            case "open" | "openat":
                if call.offset & 1:
                    self._name(call, now, [at[0]], ("make", at[0], self._born(call)))
                elif call.offset & 2 and at[0] in now:
                    call.object, call.name, call.offset = now[at[0]], "ftruncate", 0
                    call.object.changes.append(call)
            case "mkdir" | "mkdirat":
                self._name(call, now, [at[0]], ("make", at[0], self._born(call, True)))
            case "rename" | "renameat" | "renameat2":
                self._name(call, now, at, ("move", *at))
            case "symlink":
                self._name(call, now, [at[0]], ("make", at[0], Object(link=call.paths[1])))
            case "link" | "linkat":
                self._name(call, now, [at[1]], ("make", at[1], now[at[0]]))
            case "unlink" | "unlinkat" | "rmdir":
                self._name(call, now, [at[0]], ("remove", at[0]))
            case "bind" | "chmod" | "fchmod" | "fchmodat":
                pass
            case "write" | "pwrite64" | "ftruncate" | "fallocate":
                call.object = self._live[call.inode]
                call.object.changes.append(call)
            case "fsync" | "fdatasync":
                call.object = self._live.get(call.inode)
            case other:
                raise ValueError(f"the model does not know {other}")

    def _born(self, call, isDirectory=False):
        # Inodes are used again: the latest owner of a number is meant.
        self._live[call.inode] = Object(isDirectory)
        return self._live[call.inode]

    def _name(self, call, now, paths, effect):
        apply(now, effect)
        self.names.append((call.index, [os.path.dirname(path) for path in paths], effect))

    def left(self, moment, kind, chance):
        """What is there after a cut when `moment` calls had returned: by its path, the bytes of a
        file, the text of a link, or None for a directory."""
        done = [call for call in self.calls if call.index <= moment]
        flushes = [call for call in done if call.name in ("fsync", "fdatasync") and call.object]
        begun = {}
        for flush in flushes:
            begun[flush.object] = max(begun.get(flush.object, 0), flush.begun)
        names = [name for name in self.names if name[0] <= moment]
        kept = self._kept_names(names, begun)
        if kind == "names":
            kept = len(names)
        elif kind == "some":
            kept = chance.randint(kept, len(names))
        tree = {self.root: self.top}
        for _, _, effect in names[:kept]:
            apply(tree, effect)
        return {
            path: None
            if object.isDirectory
            else object.link or content(object, moment, begun, kind, chance)
            for path, object in tree.items()
        }

    def _kept_names(self, names, begun):
        """How many of the names' changes are durable, since their directories are."""
        tree, directories, kept = {self.root: self.top}, [], 0
        for _, parents, effect in names:
            directories.append([tree.get(parent) for parent in parents])
            apply(tree, effect)
        for at, (index, _, _) in enumerate(names):
            # A rename between two directories is one change: either's flush has it.
            if any(index <= begun.get(each, 0) for each in directories[at]):
                kept = at + 1
        return kept


def apply(tree, effect):
    match effect:
        case ("make", path, object):
            tree[path] = object
        case ("remove", path):
            tree.pop(path, None)
        case ("move", old, new):
            for path in [each for each in tree if each == old or each.startswith(old + "/")]:
                tree[new + path.removeprefix(old)] = tree.pop(path)


def content(object, moment, begun, kind, chance):
    """What is in a file: the flushed changes in their order, and what survives of the others."""
    flushed = begun.get(object, 0)
    changes = [change for change in object.changes if change.index <= moment]
    content = bytearray()
    for at, change in enumerate(changes):
        isKept = change.index <= flushed or kind == "data"
        if change.name in ("ftruncate", "fallocate"):
            # A length stands in the journal of the names, before everything that came later.
            if isKept or kind == "some" or any(each.index <= flushed for each in changes[at:]):
                if change.name == "ftruncate":
                    del content[change.offset :]
                content.extend(bytes(max(change.offset - len(content), 0)))
        elif isKept or kind == "some":
            for offset, piece in [(change.offset, change.data)] if isKept else torn(change, chance):
                content.extend(bytes(max(offset + len(piece) - len(content), 0)))
                content[offset : offset + len(piece)] = piece
    return bytes(content)


def torn(change, chance):
    """A write of which the disk has all, nothing, or some of its sectors."""
    share = chance.choice((0, 1, 0.5, 0.9))
    start = change.offset
    while start < change.offset + len(change.data):
        end = min((start // SECTOR + 1) * SECTOR, change.offset + len(change.data))
        if chance.random() < share:
            yield start, change.data[start - change.offset : end - change.offset]
        start = end


class Recorded:
    """A life that was recorded, killed in its middle, and gone on with."""

    def __init__(self):
        world = stage.World("states", size)
        try:
            self._play(world)
            self.calls = read(world.home / "record 1")
            self.count = world.base + world.control.recorded
            self.calls += read(world.home / "record 2", world.base)
            self.root, self.inode = world.root, os.stat(world.root).st_ino
            self.deliveries, self.arrived = world.deliveries, world.receiver.arrived
            self.faults = world.faults
        finally:
            world.close()

    def _play(self, world):
        parts = list(stage.act(world)) + [world.make(f"video_{n}") for n in range(6)]
        world.start("--record", world.home / "record 1")
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(world.send, parts[:7]))
        program.wait_until(world.told, 60, "the first notification")
        world.service.kill()
        world.base = world.control.recorded
        early = {each.id for each in parts if each.isTaken}
        told = len(world.receiver.arrived)
        world.start("--record", world.home / "record 2")
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(world.send, [each for each in parts if not each.isTaken]))
        if not world.wait_told(60):
            world.fault("not told")
        world.wait_settled(60)
        world.service.end()
        for each in parts:
            each.takenAt += 0 if each.id in early else world.base
        world.receiver.arrived[told:] = [
            (video, id, at + world.base) for video, id, at in world.receiver.arrived[told:]
        ]

    def life(self, without=lambda call: False):
        """What it did to its disk, had some calls done nothing."""
        return Life([call for call in self.calls if not without(call)], self.root, self.inode)


def size(video):
    return 700_000 if video in ("video_b", "video_3") else 40_000


def step(recorded, tree, moment, name, report):
    """Starts the service on a state, lets it finish, and counts."""
    world = stage.World("states", size)
    try:
        for path, content in sorted(tree.items(), key=lambda item: item[0]):
            place = pathlib.Path(str(world.root) + path.removeprefix(str(recorded.root)))
            if content is None:
                place.mkdir(mode=0o700, exist_ok=True)
            elif isinstance(content, str):
                place.symlink_to(content)
            else:
                place.write_bytes(content)
                place.chmod(0o600)
        for each in recorded.deliveries:
            delivery = stage.Delivery(each.video, each.type, each.body, each.id)
            delivery.isTaken = each.takenAt <= moment
            world.deliveries.append(delivery)
        world.receiver.arrived += [each for each in recorded.arrived if each[2] <= moment]
        world.check_files()
        world.recover()
    except Exception as fault:  # noqa: BLE001 - a finding like any other, with its number
        world.fault(repr(fault))
    isGood = not world.faults
    world.close(keep=report.take(name, world))
    return isGood


def states(recorded, life, moments, seed):
    """Every state once: the moment of the cut, what survives, and the files that are left."""
    seen = set()
    for moment in moments:
        known = sum(each.takenAt <= moment for each in recorded.deliveries)
        known = known, sum(each[2] <= moment for each in recorded.arrived)
        for number, kind in enumerate(KINDS):
            chance = random.Random(f"{seed} {moment} {number}")
            tree = life.left(moment, kind, chance)
            mark = hash((known, tuple(sorted(tree.items(), key=lambda item: item[0]))))
            if mark not in seen:
                seen.add(mark)
                yield moment, f"{kind} {number}", tree


def isFlush(call):
    return call.name in ("fsync", "fdatasync")


# Flushes that do nothing: each of these must be found out, or the run proves nothing.
PLANTS = {
    "of the journal's log": lambda call: isFlush(call) and call.paths[0].endswith("-wal"),
    "of the parts of films": lambda call: isFlush(call) and call.paths[0].endswith(".part"),
    "of directories": lambda call: isFlush(call) and call.isOfDirectory,
    "of the videos' directories": lambda call: (
        isFlush(call) and call.isOfDirectory and "/videos" in call.paths[0]
    ),
}


def control(recorded, seed, report):
    for name, without in PLANTS.items():
        life = recorded.life(without)
        quiet = stage.Report(f"states, no flush {name}", isQuiet=True)
        moments = range(recorded.count, 0, -7)
        isCaught = any(
            not step(recorded, tree, moment, kind, quiet)
            for moment, kind, tree in states(recorded, life, moments, seed)
        )
        quiet.end()
        if not isCaught:
            report.faults.append(f"control: no flush {name} was not found out")
            print(f"  {report.faults[-1]}", flush=True)


def run(seed, share, workers, only=None):
    """Cuts at `share` of the calls, and looks at five states that each may leave."""
    report = stage.Report("states")
    recorded = Recorded()
    report.faults += recorded.faults
    stride = max(round(1 / share), 1)
    moments = only or range(seed % stride, recorded.count + 1, stride)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        running = collections.deque()
        for moment, kind, tree in states(recorded, recorded.life(), moments, seed):
            words = (recorded, tree, moment, f"{moment} {kind}", report)
            running.append(pool.submit(step, *words))
            # The trees are as large as the films.
            if len(running) > 4 * workers:
                running.popleft().result()
    if not only:
        control(recorded, seed, report)
    return report.end(calls=recorded.count)
