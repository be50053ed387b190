"""The scripts of deploy/ffmpeg, as an operator would install them."""

import shutil

import pytest

import deliveries
import program


@pytest.mark.parametrize("is_real", [False, True], ids=["stub", "ffmpeg"])
def test_the_ffmpeg_example_chains_two_steps(provide, serve, configured, tmp_path, is_real):
    ffmpeg = shutil.which("ffmpeg")
    if is_real and not ffmpeg:
        pytest.skip("ffmpeg is not installed; the other case runs the scripts with a stub")
    if not is_real:
        # Writes to its last operand what it was asked to read.
        ffmpeg = tmp_path / "ffmpeg"
        ffmpeg.write_text(
            "#!/bin/sh\n"
            "while [ $# -gt 1 ]; do [ \"$1\" = -i ] && input=$2; shift; done\n"
            "printf 'made of %s' \"$(basename \"$input\")\" > \"$1\"\n"
        )
        ffmpeg.chmod(0o755)
    folder = program.ROOT / "deploy/ffmpeg"
    config = (folder / "reelhook.json").read_text().replace("/opt/reelhook/ffmpeg", str(folder))
    service = serve(provide(), config=configured(config), env={"REELHOOK_FFMPEG": str(ffmpeg)})
    _, id = deliveries.deliver(service.hook, deliveries.event(video="video_1"))
    event = service.wait_for_event(id, "done", timeout=60)
    names = [step["name"] for step in event["steps"]]
    assert names == ["fetch", "store", "web-version", "preview"]
    assert event["steps"][3]["note"].startswith("preview.gif ")
    made = {name: service.file("video_1", name).read_bytes() for name in ("web.mp4", "preview.gif")}
    if is_real:
        assert made["web.mp4"][4:8] == b"ftyp" and made["preview.gif"].startswith(b"GIF8")
    else:
        assert made == {"web.mp4": b"made of video.mp4", "preview.gif": b"made of web.mp4"}
    # A replay finds both and makes neither again.
    assert not [name for name in service.file("video_1", ".").iterdir() if "part" in name.name]
