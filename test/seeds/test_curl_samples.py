"""The curl samples, run by a shell and by curl: same commands, with the gateway's host and prompts of our own."""

import json
import os
import shutil
import subprocess
from types import SimpleNamespace

import google.auth
import google.auth.transport.requests
import pytest


@pytest.fixture
def shell(host, project_id, tmp_path):
    """Runs a command where the samples' variables are set and `gcloud auth print-access-token` prints a token."""
    credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    credentials.refresh(google.auth.transport.requests.Request())
    gcloud = tmp_path / "gcloud"
    gcloud.write_text(
        f'#!/bin/sh\n[ "$*" = "auth print-access-token" ] && echo "{credentials.token}"\n'
    )
    gcloud.chmod(0o755)
    assert shutil.which("curl") is not None, "curl is needed for these samples"

    def run(command, **variables):
        done = subprocess.run(
            ["bash", "-c", command],
            env={
                **os.environ,
                "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
                "HOST": host,
                "LOCATION": "us-central1",
                "PROJECT_ID": project_id,
                "PROJECT": project_id,
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def completion(output):
    body = json.loads(output)
    assert "error" not in body, body
    assert body["object"] == "chat.completion"
    return body["choices"][0]["message"]["content"]


def stream(output):
    """The chunks of a stream, which must end as OpenAI's do."""
    events = [line for line in output.splitlines() if line.startswith("data: ")]
    assert events, output
    assert events[-1] == "data: [DONE]"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    text = "".join(delta.get("content") or "" for delta in deltas)
    return SimpleNamespace(chunks=chunks, deltas=deltas, text=text)


GEMINI = """curl -X POST \
    -H "Authorization: Bearer $(gcloud auth print-access-token)" \
    -H "Content-Type: application/json" \
  ${HOST}/v1beta1/projects/${PROJECT_ID}/locations/${LOCATION}/endpoints/openapi/chat/completions \
  """


def test_not_streamed(shell):
    output = shell(
        GEMINI
        + """-d '{
    "model": "google/gemini-2.0-flash-001",
    "messages": [{
      "role": "user",
      "content": "Tell a tale of a talking umbrella."
    }]
  }'"""
    )
    assert "umbrella" in completion(output).lower()


def test_streamed(shell):
    output = shell(
        GEMINI
        + """-d '{
    "model": "google/gemini-2.0-flash-001",
    "stream": true,
    "messages": [{
      "role": "user",
      "content": "Tell a tale of a talking umbrella."
    }]
  }'"""
    )
    streamed = stream(output)
    assert len(streamed.chunks) > 2
    assert "umbrella" in streamed.text.lower()


SELF_DEPLOYED = """curl -X POST \
    -H "Authorization: Bearer $(gcloud auth print-access-token)" \
    -H "Content-Type: application/json" \
  ${HOST}/v1beta1/projects/${PROJECT_ID}/locations/global/endpoints/${ENDPOINT}/chat/completions \
  """


def test_self_deployed_without_a_model(shell):
    output = shell(
        SELF_DEPLOYED
        + """-d '{
    "messages": [{
      "role": "user",
      "content": "Tell a tale of a talking umbrella."
    }]
  }'""",
        ENDPOINT="1234567890123456789",
    )
    assert "umbrella" in completion(output).lower()


def test_self_deployed_without_a_model_streamed(shell):
    output = shell(
        SELF_DEPLOYED
        + """-d '{
    "stream": true,
    "messages": [{
      "role": "user",
      "content": "Tell a tale of a talking umbrella."
    }]
  }'""",
        ENDPOINT="1234567890123456789",
    )
    assert "umbrella" in stream(output).text.lower()


OPENAPI = """curl -X POST \
  -H "Authorization: Bearer $(gcloud auth print-access-token)" \
  -H "Content-Type: application/json" \
  ${HOST}/v1/projects/${PROJECT_ID}/locations/us-central1/endpoints/openapi/chat/completions \
  """

# The samples below end their lines with backslashes inside the quotes, which the shell hands on to the server.
THINKING = r"""-d '{ \
    "model": "google/gemini-2.5-flash-preview-04-17", \
    "messages": [ \
      { "role": "user", \
      "content": [ \
        { "type": "text", \
          "text": "Which squares end in 25?" \
        }] }], \
    "extra_body": { \
      "google": { \
          "thinking_config": { \
          "include_thoughts": true, "thinking_budget": 10000 \
        }, \
        "thought_tag_marker": "think" } }, \
    "stream": true }'"""

IMAGE = r"""-d '{ \
    "model": "google/gemini-2.0-flash-001", \
    "messages": [{ "role": "user", "content": [ \
      { "type": "text", "text": "Say what this picture shows" }, \
      { "type": "image_url", "image_url": "gs://cloud-samples-data/generative-ai/image/scones.jpg" }] }] }'"""

AUDIO = r"""-d '{ \
    "model": "google/gemini-2.0-flash-001", \
    "messages": [ \
      { "role": "user", \
        "content": [ \
          { "type": "text", "text": "Say what you hear: " }, \
          { "type": "input_audio", "input_audio": { \
            "format": "audio/mp3", \
            "data": "gs://cloud-samples-data/generative-ai/audio/pixel.mp3" } }] }] }'"""

as_printed_and_plain = pytest.mark.parametrize(
    "tidy", [lambda body: body, lambda body: body.replace("\\\n", "\n")], ids=["as printed", "without backslashes"]
)


@as_printed_and_plain
def test_thinking_config(shell, tidy):
    streamed = stream(shell(OPENAPI + tidy(THINKING)))
    assert streamed.text.startswith("<think>")
    thoughts, answer = streamed.text.removeprefix("<think>").split("</think>")
    assert thoughts.strip() != ""
    assert "25" in answer
    flags = [delta.get("extra_content", {}).get("google", {}).get("thought") for delta in streamed.deltas]
    assert True in flags
    assert flags[-1] is not True


@as_printed_and_plain
def test_image_url_as_a_bare_string(shell, tidy):
    content = completion(shell(OPENAPI + tidy(IMAGE)))
    assert "gs://cloud-samples-data/generative-ai/image/scones.jpg" in content
    assert "image/jpeg" in content


@as_printed_and_plain
def test_input_audio_by_address(shell, tidy):
    content = completion(shell(OPENAPI + tidy(AUDIO)))
    assert "gs://cloud-samples-data/generative-ai/audio/pixel.mp3" in content
    assert "audio/mp3" in content
