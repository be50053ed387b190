"""What no webhook tells, or two tell at once: lists, polls and races."""

import threading
import time

import deliveries
import http_calls
import program


def metrics(service):
    return http_calls.call("GET", f"{service.console}/metrics").body.decode()


def listings(emulator):
    return [line for line in emulator.log["requests"] if line["route"] == "list"]


def test_a_list_of_5000_videos_is_read_back_once_and_then_to_its_mark(emulate, serve, configured):
    emulator = emulate("--videos", 5000, "--duration", "2m")
    config = configured({"polling": {"adopt_listed": False, "list_interval_seconds": 10}})
    service = serve(emulator, config=config)
    counted = 'reelhook_videos_unannounced_total{provider="openai",result="ignored"}'

    def ignored():
        return [line for line in metrics(service).splitlines()
                if line.startswith(counted) and int(line.split()[-1]) >= 5000]

    program.wait_until(ignored, 60)
    first = len(listings(emulator))
    assert first == 50
    # All were made more than the mark's overlap ago but the last few hundred.
    program.wait_until(lambda: len(listings(emulator)) > first, 30)
    time.sleep(1)
    assert len(listings(emulator)) - first <= 10


def test_an_adopted_video_of_a_long_list_is_stored(emulate, serve):
    emulator = emulate("--videos", 300)
    service = serve(emulator)
    oldest = list(emulator.videos())[0]
    service.wait_stored(oldest, 120)


def test_a_webhook_before_the_creates_own_answer_makes_one_run(emulate, serve, receive, client):
    receiver = receive()
    port = program.free_port()
    emulator = emulate(
        "--duration", "200ms", "--hold-create", "3s",
        webhook=f"http://127.0.0.1:{port}/webhooks/openai",
    )
    service = serve(
        emulator,
        intake=port,
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    start = time.monotonic()
    video = client(service.console).videos.create(prompt="A reel").id
    assert time.monotonic() - start >= 3
    # Everything was done before the create was answered.
    assert service.file(video, "manifest.json").exists()
    time.sleep(1)
    assert len(receiver.deliveries) == 1
    events = [event for event in service.events() if event["video_id"] == video]
    assert [event["state"] for event in events if event["steps"]] == ["done"]


def test_webhooks_and_polls_of_the_same_ends_at_once_make_one_run_each(
    emulate, serve, receive, client
):
    receiver = receive()
    port = program.free_port()
    emulator = emulate(
        "--duration", "2s", webhook=f"http://127.0.0.1:{port}/webhooks/openai"
    )
    service = serve(
        emulator,
        intake=port,
        env={"REELHOOK_NOTIFY_URL": receiver.url, "REELHOOK_NOTIFY_SECRET": program.NOTIFY_SECRET},
    )
    videos = [client(service.console).videos.create(prompt="A reel").id for _ in range(20)]
    stop = threading.Event()

    def ask():
        # The console is one more witness, as fast as it answers.
        while not stop.is_set():
            for video in videos:
                http_calls.call("GET", f"{service.console}/v1/videos/{video}")

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    try:
        for video in videos:
            service.wait_stored(video)
    finally:
        stop.set()
        for thread in asking:
            thread.join()
    program.wait_until(lambda: len(receiver.deliveries) >= len(videos))
    time.sleep(1)
    told = [body["data"]["id"] for _, _, body in receiver.deliveries]
    assert sorted(told) == sorted(videos)
    with_steps = [event["video_id"] for event in service.events() if event["steps"]]
    assert sorted(with_steps) == sorted(videos)


def test_a_hundred_open_videos_cost_lists_and_not_a_call_each(emulate, serve, client):
    emulator = emulate("--duration", "20s")
    service = serve(emulator)
    videos = client(service.console).videos
    ids = [videos.create(prompt="A reel").id for _ in range(100)]
    for id in ids:
        service.wait_stored(id, 120)
    polls = [line for line in emulator.log["requests"] if line["route"] == "retrieve"]
    # Each fetch asks what the video is, once; beyond that hardly any is asked for alone.
    assert len(polls) <= 100 + 40
    assert len(listings(emulator)) <= 60
