"""Defective answers of other servers, once mended, are read by openai-python as OpenAI's own are."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import openai
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CASES = sorted(path.parent for path in (ROOT / "test" / "fixtures-repair").glob("*/expected.json"))
EXPECTED = {case.name: json.loads((case / "expected.json").read_text(encoding="utf-8")) for case in CASES}
STREAMED = {case.name for case in CASES if (case / "upstream.sse").exists()}
ANSWERED = [name for name, expected in EXPECTED.items() if "error" not in expected]
REFUSED = [name for name, expected in EXPECTED.items() if "error" in expected]


@pytest.fixture(scope="module")
def repairing():
    node = shutil.which("node", path=f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}")
    assert node is not None, "node is not on PATH"
    process = subprocess.Popen(
        [node, str(ROOT / "test" / "support" / "repairing-server.ts")], stdout=subprocess.PIPE, text=True
    )
    url = process.stdout.readline().strip()
    assert url.startswith("http://127.0.0.1:"), "the server did not start"
    yield url
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture
def client(repairing):
    return openai.OpenAI(api_key="any", base_url=f"{repairing}/v1", max_retries=0)


def stream_helper(client):
    """`stream` lived under `beta` in the first majors."""
    completions = client.chat.completions
    return completions.stream if hasattr(completions, "stream") else client.beta.chat.completions.stream


def read(client, name):
    request = {"model": name, "messages": [{"role": "user", "content": "Go."}]}
    if name not in STREAMED:
        return client.chat.completions.create(**request)
    with stream_helper(client)(**request) as stream:
        for _ in stream:
            pass
        try:
            return stream.get_final_completion()
        except openai.LengthFinishReasonError as cut:
            # The helper tells a truncated answer this way, whoever sent it.
            return cut.completion


@pytest.mark.parametrize("name", ANSWERED)
def test_answer(client, name):
    expected = EXPECTED[name]
    completion = read(client, name)
    (choice,) = completion.choices
    assert choice.index == 0
    assert choice.finish_reason == expected["finish_reason"]
    assert choice.message.role == "assistant"
    assert (choice.message.content or "") == (expected["content"] or "")
    calls = choice.message.tool_calls or []
    assert [call.function.name for call in calls] == [call["name"] for call in expected["tool_calls"]]
    texts = [call.function.arguments for call in calls]
    arguments = texts if expected["finish_reason"] == "length" else [json.loads(text) for text in texts]
    assert arguments == [call["arguments"] for call in expected["tool_calls"]]
    assert len({call.id for call in calls}) == len(calls)
    assert all(call.id and call.type == "function" for call in calls)
    signatures = [(call.model_extra or {}).get("extra_content", {}).get("google", {}) for call in calls]
    assert [signature.get("thought_signature") for signature in signatures] == [
        call.get("signature") for call in expected["tool_calls"]
    ]
    usage = completion.usage
    counts = None if usage is None else [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens]
    assert counts == expected["usage"]


@pytest.mark.parametrize("name", REFUSED)
def test_refusal(client, name):
    expected = EXPECTED[name]
    text = ""
    with pytest.raises(openai.APIError) as caught:
        if name not in STREAMED:
            client.chat.completions.create(model=name, messages=[])
        else:
            for chunk in client.chat.completions.create(model=name, messages=[], stream=True):
                text += chunk.choices[0].delta.content or ""
    assert caught.value.code == expected["error"]["code"]
    assert expected["error"]["message"] in caught.value.message
    if name in STREAMED:
        assert text == expected["text"]
    else:
        assert caught.value.status_code == expected["error"]["status"]
