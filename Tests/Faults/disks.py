"""File systems in files, which can be cut from their power, filled, enlarged and broken.

What a file system has not flushed is not in its file yet: a copy of the file, made at once by
sharing its blocks (FICLONE), is the disk as a power cut leaves it. XFS underneath can share them.
"""

import os
import pathlib
import subprocess
import time

# Nothing gets to the disk by itself: no commit by time, and no flush because of a rename.
KINDS = {
    "ext4": (["mkfs.ext4", "-q", "-F"], "noauto_da_alloc,commit=600", 256 << 20),
    "xfs": (["mkfs.xfs", "-q", "-f"], "nouuid", 300 << 20),
}


def call(*words):
    """Runs a command of the system, and raises what it said when it failed."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


def why_not():
    """What is missing for mounts, or None."""
    if os.geteuid() != 0:
        return "only root may mount"
    if not pathlib.Path("/dev/loop-control").exists():
        return "this kernel has no loop devices"
    return None


def make(path, kind, size=None):
    """A file with an empty file system."""
    words, _, usual = KINDS[kind]
    with open(path, "wb") as file:
        file.truncate(size or usual)
    call(*words, path)


class Mount:
    """A file system in a file, while it is mounted."""

    def __init__(self, image, place, options="defaults"):
        self.image, self.place, self.options = pathlib.Path(image), pathlib.Path(place), options
        self.place.mkdir(exist_ok=True)
        self.device = None

    def up(self, options=None):
        self.device = call("losetup", "--find", "--show", self.image).strip()
        try:
            call("mount", "-o", options or self.options, self.device, self.place)
        except OSError:
            self._detach()
            raise

    def down(self):
        """Legal when it is not mounted; waits for whoever looks at it for a moment."""
        if not self.device:
            return
        for attempt in range(100):
            try:
                call("umount", self.place)
                break
            except OSError:
                if attempt == 99:
                    call("umount", "--lazy", self.place)
                time.sleep(0.05)
        self._detach()

    def _detach(self):
        call("losetup", "--detach", self.device)
        self.device = None

    def enlarge(self, size):
        """Gives an XFS more room while it is in use."""
        with open(self.image, "r+b") as file:
            file.truncate(size)
        call("losetup", "--set-capacity", self.device)
        call("xfs_growfs", self.place)

    def break_down(self):
        """Makes ext4 find an error, on which it turns read-only (errors=remount-ro)."""
        trigger = pathlib.Path("/sys/fs/ext4", pathlib.Path(self.device).name, "trigger_fs_error")
        trigger.write_text("by the fault run\n")


class PoweredDisk:
    """A disk whose power can be cut at any moment; what was not flushed is gone."""

    def __init__(self, home, kind):
        self.kind = kind
        make(home / "base.img", "xfs", 2 << 30)
        self._base = Mount(home / "base.img", home / "base", "nouuid")
        self._base.up()
        self._image, self._clone = home / "base" / "disk.img", home / "base" / "clone.img"
        make(self._image, kind)
        self._disk = Mount(self._image, home / "disk", KINDS[kind][1])
        self.place = self._disk.place

    def up(self):
        self._disk.up()

    def cut(self):
        """The moment of the cut; what is written from now on is not on the disk that is left."""
        call("cp", "--reflink=always", self._image, self._clone)

    def left(self):
        """Puts what the cut left in the place of the disk."""
        self._disk.down()
        self._clone.rename(self._image)
        self._disk.up()

    def close(self):
        self._disk.down()
        self._base.down()
