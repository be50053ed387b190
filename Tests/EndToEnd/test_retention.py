"""What is deleted because it is old, too much or not wanted any more, and what stays."""

import json
import sqlite3

import pytest

import deliveries
import http_calls
import program
import provider
from test_upkeep import check, stored  # noqa: F401


def age(data, days):
    """Makes everything in the journal of a service that has ended look older."""
    journal = sqlite3.connect(data / "reelhook.db")
    span = days * 86_400_000
    with journal:
        for table, columns in {
            "entries": ["received_at", "occurred_at"],
            "runs": ["claimed_at", "ended_at"],
            "attempts": ["started_at", "ended_at"],
            "videos": ["first_seen_at", "updated_at", "expires_at"],
            "assets": ["updated_at"],
            "spans": ["first_received_at", "last_received_at"],
        }.items():
            changes = ", ".join(f"{column} = {column} - {span}" for column in columns)
            journal.execute(f"UPDATE {table} SET {changes}")
    journal.close()


def test_what_is_old_is_deleted_while_the_service_runs(stored, serve):
    _, odd = deliveries.deliver(stored.hook, deliveries.event(type="response.completed"))
    stored.wait_for_event(odd, "unhandled")
    stored.end()
    age(stored.data, 40)
    # By default events that nobody takes are kept for 30 days, and those that were done for 90.
    service = serve.again(stored)
    program.wait_until(lambda: service.event(odd) is None)
    assert [event["state"] for event in service.events()] == ["done"] * 2
    service.end()
    age(stored.data, 60)
    service = serve.again(service)
    program.wait_until(lambda: service.events() == [])
    service.wait_for("what was old has been deleted from the journal")
    # What is known of the videos stays, and so do their files.
    listed = program.run("videos", "list", "--json", "--data", service.data).stdout.splitlines()
    assert {json.loads(line)["state"] for line in listed} == {"completed"} and len(listed) == 2
    assert all(service.file(video).exists() for video in ("video_1", "video_2"))
    assert check(service.data) == set()
    metrics = http_calls.call("GET", service.console + "/metrics").body.decode()
    assert 'reelhook_retention_deleted_total{what="events"} 2' in metrics
    # The end of the video is still known: told again, nothing is done about it.
    _, again = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    service.wait_for_event(again, "duplicate")
    assert service.end() == 0
    assert check(service.data, "--full") == set()


def test_what_waits_is_kept_however_old_it_is(provide, serve):
    def unavailable(connection, request):
        provider.send(connection, b"{}", "application/json", "503 Service Unavailable")

    service = serve(provide(status=unavailable))
    _, odd = deliveries.deliver(service.hook, deliveries.event(type="response.completed"))
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    service.wait_for_event(id, "waiting")
    service.end()
    age(service.data, 4_000)
    service = serve.again(service)
    program.wait_until(lambda: service.event(odd) is None)
    assert [event["webhook_id"] for event in service.events()] == [id]


def files(service, video):
    """The state of each file of a video and the reason of it, as `videos list` shows them."""
    listed = program.run("videos", "list", "--json", "--limit", 1000, "--data", service.data)
    jobs = {job["id"]: job for job in map(json.loads, listed.stdout.splitlines())}
    return jobs[video]["state"], {
        file["variant"]: (file["state"], file["reason"]) for file in jobs[video]["files"]
    }


def states(service, video):
    return [event["state"] for event in service.events() if event["video_id"] == video]


def test_files_beyond_a_limit_go_here_and_at_the_provider(emulate, serve, configured):
    emulator = emulate("--duration", "50ms")
    service = serve(emulator)
    made = []
    for _ in range(3):
        video = emulator.create()
        made.append(video)
        program.wait_until(lambda: emulator.videos()[video]["status"] == "completed")
        deliveries.deliver(service.hook, deliveries.event(video=video))
        # Who told of it first, the delivery or the list, is of no interest.
        program.wait_until(lambda: "done" in states(service, video))
    service.end()
    limits = {"videos_max": 1, "delete_at_provider": True}
    service.config = configured({"retention": {"files": limits}})
    service = serve.again(service)
    for video in made[:2]:
        program.wait_until(lambda: files(service, video)[0] == "deleted")
        assert files(service, video)[1]["video"] == ("deleted", "retention_videos")
        assert not (service.data / "videos" / video).exists()
        assert video not in emulator.videos()
        content = http_calls.call("GET", f"{service.console}/v1/videos/{video}/content")
        assert content.status == 404
    assert files(service, made[2])[1]["video"] == ("stored", None)
    assert service.file(made[2]).exists() and made[2] in emulator.videos()
    assert check(service.data) == set()
    metrics = http_calls.call("GET", service.console + "/metrics").body.decode()
    assert "reelhook_files_deleted_total 2" in metrics
    # Told of once more, a video that is gone stays so.
    _, again = deliveries.deliver(service.hook, deliveries.event(video=made[0]))
    service.wait_for_event(again, "duplicate")


def test_files_that_are_old_or_too_many_bytes_go_first_stored_first(stored, serve, configured):
    stored.end()
    age(stored.data, 40)
    journal = sqlite3.connect(stored.data / "reelhook.db")
    with journal:
        # The second video was stored yesterday.
        number = journal.execute("SELECT number FROM videos WHERE id = 'video_2'").fetchone()[0]
        move = "UPDATE assets SET updated_at = updated_at + 39 * 86400000 WHERE video = ?"
        journal.execute(move, [number])
    journal.close()
    stored.config = configured({"retention": {"files": {"days": 30}}})
    service = serve.again(stored)
    program.wait_until(lambda: not service.file("video_1").exists())
    program.wait_until(
        lambda: files(service, "video_1")[1]["video"] == ("deleted", "retention_days")
    )
    assert files(service, "video_1")[0] == "completed"
    # The same bytes were kept once, and stay for the other video.
    assert service.file("video_2").read_bytes() == provider.FILM
    assert check(service.data, "--full") == set()


def delete(service, video, *options):
    words = ["videos", "delete", video, "--json", *options, "--data", service.data]
    result = program.run(*words, env=service.settings)
    return result.returncode, result.stdout + result.stderr


@pytest.mark.parametrize("running", [True, False])
def test_files_are_deleted_by_hand_and_fetched_again_by_a_replay(stored, serve, running):
    if not running:
        stored.end()
    status, text = delete(stored, "video_1", "--only-files")
    assert status == 0, text
    assert json.loads(text)["files"] == 1
    program.wait_until(lambda: not (stored.data / "videos/video_1").exists())
    service = stored if running else serve.again(stored)
    gone = ("deleted", "deleted_by_operator")
    program.wait_until(lambda: files(service, "video_1")[1]["video"] == gone)
    assert files(service, "video_1")[0] == "completed"
    assert service.file("video_2").read_bytes() == provider.FILM
    assert check(service.data) == set()
    # Nothing is left to delete.
    assert json.loads(delete(service, "video_1", "--only-files")[1])["files"] == 0
    replayed = program.run("events", "replay", "--video", "video_1", "--data", service.data)
    assert replayed.returncode == 0, replayed.stderr
    program.wait_until(lambda: service.file("video_1").exists())
    program.wait_until(lambda: files(service, "video_1")[1]["video"][0] == "stored")
    program.wait_until(lambda: check(service.data) == set())


def test_files_that_a_chain_is_at_work_on_are_not_deleted(provide, serve, receive):
    receiver = receive(answer=lambda index: 500)
    service = serve(
        provide(),
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    program.wait_until(lambda: receiver.deliveries)
    status, text = delete(service, "video_1", "--only-files")
    assert status == 1 and "a chain is at work" in text
    assert service.file("video_1").exists()


def test_a_crash_in_the_midst_of_deleting_files_is_made_good(stored, serve):
    stored.kill()
    journal = sqlite3.connect(stored.data / "reelhook.db")
    with journal:
        journal.execute(
            "UPDATE assets SET state = 6, reason_code = 'deleted_by_operator' WHERE state = 3"
            " AND video = (SELECT number FROM videos WHERE id = 'video_1')"
        )
    journal.close()
    # Whether the files are there or not, neither is a difference.
    assert check(stored.data) == set()
    stored.file("video_1").unlink()
    assert check(stored.data) == set()
    service = serve.again(stored)
    program.wait_until(lambda: files(service, "video_1")[1]["video"][0] == "deleted")
    assert not (service.data / "videos/video_1").exists()
    assert check(service.data) == set()


def removal(service, video):
    listed = program.run("videos", "list", "--json", "--limit", 1000, "--data", service.data)
    jobs = {job["id"]: job for job in map(json.loads, listed.stdout.splitlines())}
    return jobs[video]["state"], jobs[video]["provider_delete"]


def test_what_the_provider_does_not_delete_is_tried_again(emulate, serve, configured):
    emulator = emulate("--duration", "50ms", "--refuse-delete", "1")
    limits = {"videos_max": 1, "delete_at_provider": True}
    service = serve(emulator, config=configured({"retention": {"files": limits}}))
    made = []
    for _ in range(2):
        made.append(emulator.create())
        program.wait_until(lambda: emulator.videos()[made[-1]]["status"] == "completed")
        deliveries.deliver(service.hook, deliveries.event(video=made[-1]))
        program.wait_until(lambda: "done" in states(service, made[-1]))
    service.end()
    service = serve.again(service)
    # It holds up nothing here.
    program.wait_until(lambda: files(service, made[0])[1]["video"][0] == "deleted")
    assert not service.file(made[0]).exists()
    state, told = removal(service, made[0])
    assert state == "completed" and made[0] in emulator.videos()
    assert (told["state"], told["reason"], told["detail"]) == ("waiting", "forbidden", "status 403")
    assert told["failures"] >= 1 and told["next_at"]
    # Not forgotten over a restart.
    service.kill()
    emulator.faults(refuse_delete=0)
    service = serve.again(service)
    program.wait_until(lambda: removal(service, made[0]) == ("deleted", None))
    assert made[0] not in emulator.videos() and made[1] in emulator.videos()
    assert check(service.data) == set()


@pytest.mark.parametrize("running", [True, False])
def test_a_deletion_by_hand_that_is_refused_is_done_in_the_end(emulate, serve, running):
    emulator = emulate("--duration", "50ms")
    service = serve(emulator)
    video = emulator.create()
    program.wait_until(lambda: emulator.videos()[video]["status"] == "completed")
    deliveries.deliver(service.hook, deliveries.event(video=video))
    service.wait_stored(video)
    program.wait_until(lambda: "done" in states(service, video))
    emulator.faults(refuse_delete=1)
    if not running:
        service.end()
    words = ["videos", "delete", video, "--data", service.data]
    result = program.run(*words, env=service.settings)
    assert result.returncode == 0, result.stderr
    assert "has not deleted" in result.stdout and "tried again at" in result.stdout
    assert removal(service, video)[1]["state"] == "waiting"
    if running:
        # Any other client is told of the refusal as such.
        answer = http_calls.call("DELETE", f"{service.console}/v1/videos/{video}")
        assert answer.status in (403, 502)
    emulator.faults(refuse_delete=0)
    if not running:
        service = serve.again(service)
    program.wait_until(lambda: removal(service, video) == ("deleted", None))
    assert video not in emulator.videos()
    assert service.file(video).exists()


def test_a_deletion_that_is_refused_too_often_is_given_up(emulate, serve, configured):
    emulator = emulate("--duration", "50ms", "--refuse-delete", "1")
    limits = {"delete_attempts_max": 2}
    service = serve(emulator, config=configured({"retention": {"files": limits}}))
    video = emulator.create()
    program.wait_until(lambda: emulator.videos()[video]["status"] == "completed")
    deliveries.deliver(service.hook, deliveries.event(video=video))
    program.wait_until(lambda: "done" in states(service, video))
    words = ["videos", "delete", video, "--data", service.data]
    assert program.run(*words, env=service.settings).returncode == 0
    program.wait_until(lambda: removal(service, video)[1]["state"] == "given_up")
    state, told = removal(service, video)
    assert state == "completed" and told["failures"] == 2 and told["next_at"] is None
    service.wait_for("the deletion of a video at its provider is given up")
    metrics = http_calls.call("GET", service.console + "/metrics").body.decode()
    assert 'reelhook_provider_deletions_total{result="given_up"} 1' in metrics
    # By hand it begins anew.
    emulator.faults(refuse_delete=0)
    assert program.run(*words, env=service.settings).returncode == 0
    assert removal(service, video) == ("deleted", None)
