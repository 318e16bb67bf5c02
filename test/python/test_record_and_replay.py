"""The recipe of docs/record-and-replay.md for pytest: its tape replayed, and one of our own recorded and replayed."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Nothing of the developer's own Google account, keys or proxies may decide what a test does.
UNWANTED = re.compile(r"^(google|gemini|openai|pollux|cloudsdk|port$|host$)|_proxy$", re.IGNORECASE)
RECIPE = ROOT / "examples" / "record-and-replay"


def run_recipe(folder: Path, **env: str) -> subprocess.CompletedProcess:
    node = shutil.which("node", path=f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}")
    kept = {name: value for name, value in os.environ.items() if not UNWANTED.search(name)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(folder)],
        env={
            **kept,
            "POLLUX": shlex.join([node, str(ROOT / "src" / "cli" / "main.ts")]),
            "METADATA_SERVER_DETECTION": "none",
            "CLOUDSDK_CONFIG": str(folder / "no-gcloud-login-here"),
            **env,
        },
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in ("test_counting.py", "counting.jsonl"):
        shutil.copy(RECIPE / name, tmp_path / name)
    return tmp_path


def test_its_tape_is_replayed(folder):
    result = run_recipe(folder)
    assert "2 passed" in result.stdout, result.stdout + result.stderr


def test_a_tape_is_recorded_and_replayed(folder):
    (folder / "counting.jsonl").unlink()
    assert run_recipe(folder, RECORD="1").returncode == 0
    assert (folder / "counting.jsonl").read_text().count('"end":"complete"') == 2
    assert run_recipe(folder).returncode == 0
