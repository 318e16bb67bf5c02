"""Starts `pollux` as a user would and hands it to the tests of test/python and test/seeds."""

import os
import queue
import re
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_START_SECONDS = 30
URL = re.compile(r"http://127\.0\.0\.1:\d+")
# Nothing of the developer's own Google account, keys or proxies may decide what a test does.
UNWANTED = re.compile(r"^(google|gemini|openai|pollux|cloudsdk|port$|host$)|_proxy$", re.IGNORECASE)


@dataclass
class Running:
    """A started process and the address it printed."""

    url: str
    process: subprocess.Popen

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


def start(*argv: str, **env: str) -> Running:
    """Runs `pollux ...argv` and waits for the line that says where it listens."""
    node = shutil.which("node", path=f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}")
    assert node is not None, "node is not on PATH"
    kept = {name: value for name, value in os.environ.items() if not UNWANTED.search(name)}
    process = subprocess.Popen(
        [node, str(ROOT / "src" / "cli" / "main.ts"), *argv],
        env={
            **kept,
            "NO_COLOR": "1",
            "CLOUDSDK_CONFIG": str(Path(tempfile.gettempdir()) / "no-gcloud-login-here"),
            "METADATA_SERVER_DETECTION": "none",
            **env,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    # A thread reads on until the end: a full pipe would stop the process.
    lines: queue.Queue = queue.Queue()

    def pump() -> None:
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=pump, daemon=True).start()
    seen = ""
    while True:
        try:
            line = lines.get(timeout=LONGEST_START_SECONDS)
        except queue.Empty:
            process.kill()
            pytest.fail(f"pollux {' '.join(argv)} was not ready in time:\n{seen}")
        if line is None:
            pytest.fail(f"pollux {' '.join(argv)} ended at once:\n{seen}")
        seen += line
        found = URL.search(line)
        if found is not None:
            return Running(found.group(0), process)


@pytest.fixture(scope="session")
def start_pollux():
    """A function like `start` whose processes end with the session."""
    started = []

    def starter(*argv: str, **env: str) -> Running:
        running = start(*argv, **env)
        started.append(running)
        return running

    yield starter
    for running in started:
        running.stop()


@pytest.fixture(scope="session")
def gateway(start_pollux) -> str:
    """The gateway as `npm start` runs it on a machine without Google credentials."""
    return start_pollux("serve", "--port", "0").url


@pytest.fixture(scope="session")
def key_file(tmp_path_factory) -> str:
    """A service account's key file, whose token endpoint is the emulator's."""
    return str(tmp_path_factory.mktemp("google") / "service-account.json")


@pytest.fixture(scope="session")
def google(start_pollux, key_file) -> str:
    """The emulator by itself, which like Google takes only access tokens that it issued, to accounts it knows."""
    return start_pollux("emulator", "--port", "0", "--strict-auth", "--service-account", key_file).url


@pytest.fixture(scope="session")
def pass_through(start_pollux, google) -> str:
    """A gateway without credentials of its own in front of it: each caller's Google token goes on to Google."""
    return start_pollux("serve", "--port", "0", GOOGLE_GENAI_USE_VERTEXAI="true", GOOGLE_VERTEX_BASE_URL=google).url


@pytest.fixture
def application_default(google, key_file, monkeypatch) -> None:
    """Makes `google.auth.default()` find that service account."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", key_file)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch) -> None:
    """Everything here is on loopback, which a proxy of the machine could not reach."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
