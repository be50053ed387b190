"""Checking, backing up, restoring, and who may have a data directory."""

import contextlib
import hashlib
import json
import os
import re
import shlex
import shutil
import sqlite3
import struct
import threading
import time

import pytest

import deliveries
import program
import provider


@pytest.fixture
def stored(provide, serve):
    """A running service with two stored videos."""
    service = serve(provide())
    for video in ("video_1", "video_2"):
        answer, id = deliveries.deliver(service.hook, deliveries.event(video=video))
        assert answer.status == 200
        service.wait_for_event(id, "done")
        service.wait_stored(video)
    return service


def check(data, *options):
    """The status of `check --json` and what it found, as (kind, place)."""
    result = program.run("check", "--json", "--data", data, *options)
    assert result.returncode in (0, 1), result.stderr
    found = [json.loads(line) for line in result.stdout.splitlines()]
    keys = ["kind", "place", "video_id", "message", "advice"]
    assert all(list(one) == keys and one["advice"] for one in found)
    assert result.returncode == (1 if found else 0), result.stderr
    return {(one["kind"], one["place"]) for one in found}


def tree(folder):
    """Every file below a folder and its bytes, what begins with a dot left out."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.parts[-3:])
    }


def test_nothing_differs_beside_the_service_and_without_it(stored):
    assert check(stored.data) == set()
    assert stored.end() == 0
    before = tree(stored.data)
    assert check(stored.data, "--full") == set()
    after = tree(stored.data)
    assert {name: after[name] for name in before} == before


def test_what_differs_on_disk_is_named(stored):
    videos = stored.data / "videos"
    film = videos / "video_1/video.mp4"
    film.write_bytes(film.read_bytes()[:-1] + b"?")
    (videos / "video_2/video.mp4").write_bytes(b"short")
    (videos / "video_1/manifest.json").unlink()
    other = videos / "video_2/manifest.json"
    other.write_text(other.read_text().replace("video.mp4", "elsewhere.mp4"))
    (videos / "video_1/notes.txt").write_text("mine")
    (videos / "video_9").mkdir()
    expected = {
        ("altered", "videos/video_1/video.mp4"),
        ("altered", "videos/video_2/video.mp4"),
        ("missing", "videos/video_1/manifest.json"),
        ("altered", "videos/video_2/manifest.json"),
        ("unknown", "videos/video_1/notes.txt"),
        ("unknown", "videos/video_9"),
    }
    assert check(stored.data) == expected
    film.unlink()
    (videos / "video_2/video.mp4").unlink()
    (videos / "video_2/video.mp4").symlink_to("/etc/hostname")
    expected ^= {("altered", str(p)) for p in ["videos/video_1/video.mp4"]}
    assert check(stored.data) == expected | {("missing", "videos/video_1/video.mp4")}


@contextlib.contextmanager
def tampered(data):
    """The journal's tables, for somebody who should not have them."""
    journal = sqlite3.connect(data / "reelhook.db")
    with journal:
        yield journal
    journal.close()


def test_a_stored_video_of_which_nothing_is_left_is_missed(stored, serve):
    stored.end()
    sequence = next(
        event["sequence"] for event in stored.events() if event["video_id"] == "video_1"
    )
    with tampered(stored.data) as journal:
        journal.execute(
            "DELETE FROM assets WHERE video = (SELECT number FROM videos WHERE id = 'video_1')"
        )
        journal.execute(
            "DELETE FROM assets WHERE variant = 'video'"
            " AND video = (SELECT number FROM videos WHERE id = 'video_2')"
        )
    shutil.rmtree(stored.data / "videos/video_1")
    assert check(stored.data) >= {("missing", "videos/video_1"), ("missing", "videos/video_2")}
    result = program.run("check", "--data", stored.data)
    assert f"event {sequence} stored it" in result.stdout
    assert f"`reelhook events replay {sequence}`" in result.stdout
    # What it says is what helps.
    again = serve.again(stored)
    result = program.run("events", "replay", str(sequence), "--data", again.data)
    assert result.returncode == 0, result.stderr
    again.wait_stored("video_1")
    again.end()
    after = check(again.data)
    assert ("missing", "videos/video_2") in after
    assert not [place for _, place in after if "video_1" in place]


def test_a_missing_file_is_had_again_as_check_says(stored, serve):
    film = stored.data / "videos/video_1/video.mp4"
    content = film.read_bytes()
    film.unlink()
    result = program.run("check", "--data", stored.data)
    assert "`reelhook videos delete video_1 --only-files`" in result.stdout
    assert "replay its event" in result.stdout
    for words in (
        ["videos", "delete", "video_1", "--only-files"],
        ["events", "replay", "--video", "video_1"],
    ):
        result = program.run(*words, "--data", stored.data, env=stored.settings)
        assert result.returncode == 0, result.stderr
    stored.wait_stored("video_1")
    assert film.read_bytes() == content
    stored.end()
    assert check(stored.data) == set()


def test_files_on_their_way_are_compared_with_their_records(stored):
    stored.end()
    mark = hashlib.sha256(b"openai").hexdigest()[:8]
    place = f".incoming/video_1.video.{mark}.part"
    part = stored.data / place
    film = stored.data / "videos/video_1/video.mp4"
    content = film.read_bytes()
    film.rename(part)

    def note(state, byte_count=len(content)):
        with tampered(stored.data) as journal:
            journal.execute(
                "UPDATE assets SET state = ?, byte_count = ?, location = NULL"
                " WHERE variant = 'video'"
                " AND video = (SELECT number FROM videos WHERE id = 'video_1')",
                (state, byte_count),
            )

    def at_work(state, until):
        with tampered(stored.data) as journal:
            journal.execute(
                "UPDATE runs SET state = ?, claimable_at = ?"
                " WHERE video = (SELECT number FROM videos WHERE id = 'video_1')",
                (state, until),
            )

    def found():
        return {one for one in check(stored.data) if one[1].startswith(".incoming")}

    # Fetched, whole.
    note(2)
    assert found() == set()
    part.write_bytes(content[:-1] + b"?")
    assert found() == {("altered", place)}
    part.write_bytes(content[:-1])
    assert found() == {("altered", place)}
    # While somebody is at work on the video, its parts are theirs.
    at_work(1, int(time.time() * 1000) + 3_600_000)
    assert found() == set()
    result = program.run("check", "--data", stored.data)
    assert "left alone, of videos: 1" in result.stderr
    at_work(1, 0)
    assert found() == {("altered", place)}
    at_work(3, None)
    part.unlink()
    assert found() == {("missing", place)}
    # A crash may have come between its final name and the record of it.
    film.write_bytes(content)
    assert found() == set()
    film.unlink()
    # Fetched in part: what is recorded is on disk, and there may be more.
    note(1, 100)
    part.write_bytes(content[:99])
    assert found() == {("altered", place)}
    part.write_bytes(content[:101])
    assert found() == set()
    part.unlink()
    # Nobody waits for it, so nobody misses it.
    assert found() == set()
    at_work(2, 1)
    assert found() == {("missing", place)}
    assert check(stored.data, "--full") >= found()


def test_strangers_among_the_files_on_their_way_are_named(stored):
    stored.end()
    mark = hashlib.sha256(b"openai").hexdigest()[:8]
    for name in (
        "notes.txt", f"video_9.video.{mark}.part", f"video_1.video.00000000.part",
        f"video_1.video.{mark}.part",
    ):
        (stored.data / ".incoming" / name).write_bytes(b"1234")
    assert check(stored.data) == {
        ("unknown", ".incoming/notes.txt"),
        ("unknown", f".incoming/video_9.video.{mark}.part"),
        ("unknown", ".incoming/video_1.video.00000000.part"),
    }
    result = program.run("check", "--data", stored.data)
    assert "removes when they are old: 1" in result.stderr


def test_a_body_that_is_not_what_came_is_named(stored):
    stored.end()
    with tampered(stored.data) as journal:
        body = bytes(journal.execute("SELECT body FROM bodies WHERE sequence = 1").fetchone()[0])
        journal.execute(
            "UPDATE bodies SET body = ? WHERE sequence = 1", (body.replace(b"video_1", b"video_7"),)
        )
    assert check(stored.data) == {("altered", "body 1")}
    assert check(stored.data, "--full") == {("altered", "body 1")}


def test_a_journal_of_an_earlier_build_is_refused_by_what_it_lacks(provide, serve, tmp_path):
    service = serve(provide())
    service.end()
    with tampered(service.data) as journal:
        journal.execute("DROP TABLE replays")
        journal.execute("ALTER TABLE bodies DROP COLUMN digest")
    sentence = "column bodies.digest is missing, table replays is missing"
    assert sentence in second(service.data)
    for words in (["check"], ["backup", tmp_path / "backup"], ["events", "list"]):
        result = program.run(*words, "--data", service.data)
        assert (result.returncode, sentence in result.stderr) == (1, True), result.stderr


def test_records_that_contradict_themselves_are_named(stored):
    stored.end()
    journal = sqlite3.connect(stored.data / "reelhook.db")
    with journal:
        journal.execute("UPDATE entries SET state = 4 WHERE sequence = 1")
        journal.execute("DELETE FROM bodies WHERE sequence = 2")
        journal.execute(
            "DELETE FROM attempts WHERE sequence = 2"
            " AND number = (SELECT max(number) FROM attempts WHERE sequence = 2)"
        )
        journal.execute("UPDATE videos SET fact_sequence = NULL WHERE id = 'video_2'")
    journal.close()
    assert check(stored.data) == {
        ("contradiction", place) for place in ("entry 1", "entry 2", "run 2/0", "video video_2")
    }


def advised(data, *options):
    """The one difference that is found, as a line of text."""
    (line,) = program.run("check", "--data", data, *options).stdout.splitlines()
    return line


def test_an_event_whose_next_step_never_began_is_replayed_as_check_says(
    provide, serve, receive, configured
):
    receiver = receive()
    target = {"url": receiver.url, "secrets": [program.NOTIFY_SECRET]}
    steps = [{"fetch": {"variants": ["video"]}}, {"store": {}}, {"notify": target, "name": "tell"}]
    chain = {"name": "mine", "on": ["video.completed"], "steps": steps}
    service = serve(provide(), config=configured({"chains": [chain]}))
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    sequence = service.wait_for_event(id, "done")["sequence"]
    service.end()
    assert check(service.data) == set()
    with tampered(service.data) as journal:
        for table in ("runs", "attempts"):
            assert journal.execute(f"DELETE FROM {table} WHERE position = 1").rowcount == 1
    assert check(service.data) == {("contradiction", f"entry {sequence}")}
    line = advised(service.data)
    assert "step tell of chain mine never began" in line
    words = re.search("`reelhook (events replay [0-9]+)`", line)[1].split()
    again = serve.again(service)
    result = program.run(*words, "--data", again.data)
    assert result.returncode == 0, result.stderr
    program.wait_until(lambda: len(receiver.deliveries) == 2)
    program.wait_until(lambda: [event["state"] for event in again.events()] == ["done"] * 2)
    again.end()
    assert check(service.data) == set()


def test_deliveries_that_would_not_be_known_again_are_helped_as_check_says(stored, serve):
    stored.end()
    with tampered(stored.data) as journal:
        # So few events in a block that a handful of them leave memory.
        journal.execute("UPDATE marks SET value = 2 WHERE name = 'key_block_shift'")
    service = serve.again(stored)
    sent = [deliveries.event(type="response.completed") for _ in range(12)]
    ids = [deliveries.deliver(service.hook, body)[1] for body in sent]
    service.end()
    assert check(service.data, "--full") == set()
    with tampered(service.data) as journal:
        changed = journal.execute(
            "UPDATE key_runs SET state = 2 WHERE state = 1 AND first_sequence < 4"
        )
        assert changed.rowcount == 1
    assert check(service.data, "--full") == {("contradiction", f"entry {n}") for n in (1, 2, 3)}
    assert check(service.data) == set()
    lines = program.run("check", "--full", "--data", service.data).stdout.splitlines()
    (command,) = {re.search("`(sqlite3 [^`]+)`", line)[1] for line in lines}
    _, name, statements = shlex.split(command)
    with contextlib.closing(sqlite3.connect(service.data / name)) as journal:
        journal.executescript(statements)
    again = serve.again(service)
    answer, _ = deliveries.deliver(again.hook, sent[0], id=ids[0])
    assert answer.status == 200
    assert len(again.events()) == 14
    again.end()
    assert check(service.data, "--full") == set()


def test_a_journal_with_a_torn_page_is_damaged(stored):
    stored.end()
    path = stored.data / "reelhook.db"
    journal = sqlite3.connect(path)
    root = journal.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'entries_by_kind'"
    ).fetchone()[0]
    size = journal.execute("PRAGMA page_size").fetchone()[0]
    journal.close()
    with open(path, "r+b") as file:
        file.seek((root - 1) * size)
        file.write(os.urandom(size))
    result = program.run("check", "--full", "--data", stored.data)
    assert result.returncode == 1
    assert "damaged" in result.stdout + result.stderr


def test_check_says_nothing_false_while_the_service_stores(emulate, serve):
    emulator = emulate("--duration", "50ms")
    service = serve(emulator)
    made = []

    def work():
        for _ in range(40):
            video = emulator.create()
            made.append(video)
            program.wait_until(lambda: emulator.videos()[video]["status"] == "completed")
            deliveries.deliver(service.hook, deliveries.event(video=video))

    worker = threading.Thread(target=work)
    worker.start()
    rounds = 0
    while worker.is_alive() or rounds < 3:
        assert check(service.data) == set()
        rounds += 1
    worker.join()
    for video in made:
        service.wait_stored(video)
    assert check(service.data) == set()


def backup(data, target, *options):
    result = program.run("backup", target, "--json", "--data", data, *options)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("options", [[], ["--link"]])
def test_a_backup_made_under_load_restores_and_goes_on(emulate, serve, tmp_path, options):
    emulator = emulate("--duration", "50ms")
    service = serve(emulator)
    for _ in range(3):
        service.wait_stored(track(service, emulator))
    stop = threading.Event()

    def load():
        while not stop.is_set():
            deliveries.deliver(service.hook, deliveries.event("batch.completed"))
            track(service, emulator)

    worker = threading.Thread(target=load)
    worker.start()
    try:
        made = [backup(service.data, tmp_path / f"backup-{n}", *options) for n in range(3)]
    finally:
        stop.set()
        worker.join()
    assert made[0]["files"] >= 1 + 3 * 2
    assert made[0]["last_sequence"] < made[2]["last_sequence"]
    service.kill()
    for number, one in enumerate(made):
        data = tmp_path / f"restored-{number}"
        result = program.run("restore", one["path"], "--json", "--data", data)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["last_sequence"] == one["last_sequence"]
        assert check(data, "--full") == set()
    # What was not stored at that moment is stored by the service that goes on.
    again = serve(emulator, data=data)
    listed = again.events()
    assert made[2]["last_sequence"] in [event["sequence"] for event in listed]
    for event in listed:
        if event["video_id"] and event["state"] != "duplicate":
            again.wait_stored(event["video_id"])
    program.wait_until(lambda: not again.events("--state", "running", "--state", "pending"))
    assert again.events("--state", "dead") == []
    assert check(data) == set()


def track(service, emulator):
    """A video that the provider has completed, with its webhook delivered."""
    video = emulator.create()
    program.wait_until(lambda: emulator.videos()[video]["status"] == "completed")
    deliveries.deliver(service.hook, deliveries.event(video=video))
    return video


def test_a_backup_names_what_it_could_not_have(stored, tmp_path):
    (stored.data / "videos/video_1/video.mp4").unlink()
    result = program.run("backup", tmp_path / "backup", "--data", stored.data)
    assert result.returncode == 1
    assert "missing" in result.stderr and "videos/video_1/video.mp4" in result.stderr
    restored = program.run("restore", tmp_path / "backup", "--data", tmp_path / "restored")
    assert restored.returncode == 0, restored.stderr
    assert check(tmp_path / "restored") == {("missing", "videos/video_1/video.mp4")}


def test_a_linked_backup_takes_no_space_and_a_copy_does(stored, tmp_path):
    links = stored.file("video_1").stat().st_nlink
    backup(stored.data, tmp_path / "linked", "--link")
    with_links = stored.file("video_1").stat().st_nlink
    backup(stored.data, tmp_path / "copied")
    assert links < with_links == stored.file("video_1").stat().st_nlink
    assert (tmp_path / "linked/videos/video_1/video.mp4").samefile(stored.file("video_1"))
    assert tree(tmp_path / "linked/videos") == tree(tmp_path / "copied/videos")


def test_a_damaged_backup_is_not_restored(stored, tmp_path):
    target = tmp_path / "backup"
    backup(stored.data, target)

    def refused(why, source=target):
        result = program.run("restore", source, "--data", tmp_path / "data-2")
        assert result.returncode == 1, result.stdout
        assert why in result.stderr
        assert not (tmp_path / "data-2/reelhook.db").exists()

    for name in ("reelhook.db", "videos/video_1/video.mp4"):
        copy = tmp_path / "damaged"
        shutil.copytree(target, copy)
        content = bytearray((copy / name).read_bytes())
        content[-1] ^= 1
        (copy / name).write_bytes(content)
        refused(f"{name} is not what was backed up", copy)
        (copy / name).unlink()
        refused(name, copy)
        shutil.rmtree(copy)
    listing = target / "backup.jsonl"
    lines = listing.read_text().splitlines(keepends=True)
    listing.write_text("".join(lines[:-1]))
    refused("is not what backup wrote")
    listing.write_text("".join(lines).replace("videos/video_1/video.mp4", "../../etc/passwd"))
    refused("is not what backup wrote")
    listing.unlink()
    refused("no whole backup")


def test_a_backup_and_a_restore_want_empty_directories(stored, tmp_path):
    backup(stored.data, tmp_path / "backup")
    again = program.run("backup", tmp_path / "backup", "--data", stored.data)
    assert (again.returncode, "not empty" in again.stderr) == (1, True)
    onto = program.run("restore", tmp_path / "backup", "--data", stored.data)
    assert onto.returncode == 1
    assert f"process {stored.process.pid}," in onto.stderr
    stored.end()
    onto = program.run("restore", tmp_path / "backup", "--data", stored.data)
    assert (onto.returncode, "not empty" in onto.stderr) == (1, True)
    assert check(stored.data) == set()


def second(data):
    """What a second service on a data directory says when it stops."""
    result = program.run(
        *("serve", "--data", data, "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"),
        env={"OPENAI_WEBHOOK_SECRET": program.WEBHOOK_SECRET},
    )
    assert result.returncode == 1, result.stdout + result.stderr
    return result.stderr


def test_a_second_service_names_the_first_and_stops(provide, serve, tmp_path):
    service = serve(provide())
    assert f"another reelhook, process {service.process.pid}, is running" in second(service.data)
    # By another way to the same directory, and to the same file.
    (tmp_path / "way").symlink_to(service.data)
    assert f"process {service.process.pid}," in second(tmp_path / "way")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/reelhook.db").symlink_to(service.data / "reelhook.db")
    assert f"process {service.process.pid}," in second(tmp_path / "other")
    # What a process that was killed left behind keeps nobody out.
    killed = service.process.pid
    service.kill()
    assert (service.data / ".reelhook.db.lock").read_text() == f"{killed}\n"
    again = serve.again(service)
    assert f"process {again.process.pid}," in second(service.data)


def test_a_journal_of_a_newer_version_is_refused_by_every_command(provide, serve, tmp_path):
    service = serve(provide())
    service.end()
    path = service.data / "reelhook.db"
    known = sqlite3.connect(path).execute("PRAGMA user_version").fetchone()[0]
    with open(path, "r+b") as file:
        file.seek(60)
        file.write(struct.pack(">I", 99))
    before = path.read_bytes()
    sentence = f"the journal has schema 99 and this version knows schemas up to {known}"
    assert sentence in second(service.data)
    for words in (["check"], ["backup", tmp_path / "backup"], ["events", "list"]):
        result = program.run(*words, "--data", service.data)
        assert (result.returncode, sentence in result.stderr) == (1, True), result.stderr
    assert path.read_bytes() == before
