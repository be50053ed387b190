"""The program of the README, as it stands there, compiled and run."""

import os
import pathlib
import pty
import re
import subprocess

import pytest

import program

SOURCE = program.ROOT / "Tests/ReelhookExample/Program.swift"
BUILT = pathlib.Path(
    os.environ.get("REELHOOK_EXAMPLE", program.ROOT / ".build/debug/ReelhookExample")
)


def test_the_readme_shows_the_program_that_is_compiled():
    blocks = re.findall(r"```swift\n(.*?)```", (program.ROOT / "README.md").read_text(), re.S)
    assert SOURCE.read_text() in blocks


@pytest.mark.skipif(not BUILT.exists(), reason="swift build --build-tests makes the program")
def test_the_programs_own_handler_runs_after_the_file_is_stored(emulate, tmp_path):
    port = program.free_port()
    emulator = emulate("--duration", "500ms", webhook=f"http://127.0.0.1:{port}/webhooks/openai")
    settings = {
        "OPENAI_API_KEY": program.API_KEY,
        "OPENAI_BASE_URL": emulator.url + "/v1",
        "OPENAI_WEBHOOK_SECRET": program.WEBHOOK_SECRET,
        "REELHOOK_LISTEN": f"127.0.0.1:{port}",
        "REELHOOK_CONSOLE": "127.0.0.1:0",
        "REELHOOK_DATA": str(tmp_path / "data"),
    }
    # On a terminal a program's lines come one by one.
    terminal, its_side = pty.openpty()
    process = subprocess.Popen(
        [BUILT], env=program.environment(settings), stdout=its_side, stderr=subprocess.DEVNULL
    )
    os.close(its_side)
    try:
        video = emulator.create("A paper boat")
        text = ""
        expected = f"video.completed video is at {tmp_path}/data/videos/{video}/video.mp4"
        while expected not in text:
            text += os.read(terminal, 4096).decode()
        assert (tmp_path / "data/videos" / video / "video.mp4").stat().st_size > 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
