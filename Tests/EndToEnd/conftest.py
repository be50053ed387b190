"""What every test is handed: programs and peers that end with the test."""

import json
import sys
import pathlib

import openai
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import program  # noqa: E402
import provider as providers  # noqa: E402
import receiver as receivers  # noqa: E402


@pytest.fixture
def started():
    """Remembers what was started, and ends it whatever the test does."""
    running = []
    yield running
    for peer in reversed(running):
        if isinstance(peer, program.Program):
            peer.kill()
        else:
            peer.close()


@pytest.fixture
def emulate(started):
    def start(*arguments, **options):
        started.append(program.Emulator(*arguments, **options))
        return started[-1]

    return start


@pytest.fixture
def serve(started, tmp_path):
    """Starts a service on a data directory of the test's own."""

    def start(provider=None, data=None, **options):
        url = getattr(provider, "url", provider)
        started.append(program.Service(data or tmp_path / "data", url, **options))
        return started[-1]

    def again(service):
        started.append(service.again())
        return started[-1]

    start.again = again
    return start


@pytest.fixture
def receive(started):
    def start(secret=program.NOTIFY_SECRET, **options):
        started.append(receivers.Receiver(secret, **options))
        return started[-1]

    return start


@pytest.fixture
def provide(started):
    def start(**options):
        started.append(providers.Provider(**options))
        return started[-1]

    return start


@pytest.fixture
def configured(tmp_path):
    """Writes a configuration file and returns its path."""

    def write(text):
        path = tmp_path / "reelhook.json"
        path.write_text(text if isinstance(text, str) else json.dumps(text, indent=2))
        return path

    return write


def sdk(url, key=program.API_KEY):
    """The official client, pointed at a server of ours; a retry would hide a fault."""
    return openai.OpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0, timeout=30)


@pytest.fixture
def client():
    return sdk
