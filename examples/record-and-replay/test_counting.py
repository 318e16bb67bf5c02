import os
import re
import shlex
import subprocess
from pathlib import Path

import openai
import pytest

TAPE = str(Path(__file__).parent / "counting.jsonl")
TAPE_FLAGS = ["record", "--tape", TAPE] if os.environ.get("RECORD") == "1" else ["serve", "--replay", TAPE]


@pytest.fixture(scope="session")
def client():
    pollux = shlex.split(os.environ.get("POLLUX", "npx pollux"))
    with subprocess.Popen([*pollux, *TAPE_FLAGS, "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        url = re.search(r"http://\S+", process.stdout.readline()).group()
        yield openai.OpenAI(base_url=f"{url}/v1", api_key="any")
        process.terminate()


def test_the_answer_comes_in_pieces(client):
    stream = client.chat.completions.create(
        model="google/gemini-3.5-flash",
        messages=[{"role": "user", "content": "Count from 1 to 30."}],
        stream=True,
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert len([piece for piece in pieces if piece]) > 1
    assert "29" in "".join(pieces)


def test_a_model_that_is_not_there(client):
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(
            model="google/gemini-0.1-nothing",
            messages=[{"role": "user", "content": "Hello!"}],
        )
