"""The Python samples of the page of Chat Completions examples: same calls, same fields, prompts of our own."""

import google.auth.transport.requests
import openai
import pytest
from google.auth import default
from pydantic import BaseModel

MODEL = "google/gemini-2.0-flash-001"
QUESTION = [{"role": "user", "content": "Explain the colour of the sea"}]


@pytest.fixture
def token(host):
    credentials, _ = default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    credentials.refresh(google.auth.transport.requests.Request())
    return credentials.token


@pytest.fixture
def client(host, project_id, location, token):
    return openai.OpenAI(
        base_url=f"{host}/v1/projects/{project_id}/locations/{location}/endpoints/openapi",
        api_key=token,
    )


def test_not_streamed(client):
    response = client.chat.completions.create(model=MODEL, messages=QUESTION)
    assert "sea" in response.choices[0].message.content


def test_streamed(client):
    response = client.chat.completions.create(model=MODEL, messages=QUESTION, stream=True)
    chunks = list(response)
    assert all(chunk.object == "chat.completion.chunk" for chunk in chunks)
    assert "sea" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_image_url_as_a_bare_string(client):
    response = client.chat.completions.create(
        model=MODEL,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Say what this picture shows:"},
                    {"type": "image_url", "image_url": "gs://cloud-samples-data/generative-ai/image/scones.jpg"},
                ],
            }
        ],
    )
    content = response.choices[0].message.content
    assert "gs://cloud-samples-data/generative-ai/image/scones.jpg" in content
    assert "image/jpeg" in content


@pytest.mark.parametrize("stream", [False, True])
def test_self_deployed_model(host, project_id, location, token, stream):
    client = openai.OpenAI(
        base_url=f"{host}/v1/projects/{project_id}/locations/{location}/endpoints/1234567890123456789",
        api_key=token,
    )
    response = client.chat.completions.create(model="gemma-2-9b-it", messages=QUESTION, stream=stream)
    if stream:
        chunks = list(response)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert len(chunks) > 1
        model = chunks[0].model
    else:
        text = response.choices[0].message.content
        model = response.model
    assert "gemma-2-9b-it" in model
    assert "sea" in text


def test_extra_body_through_the_sdk(client):
    """The SDK merges its `extra_body` into the body, so the field of that name is one level further in."""
    response = client.chat.completions.create(
        model="google/gemini-2.5-flash-preview-04-17",
        messages=QUESTION,
        extra_body={
            "extra_body": {
                "google": {
                    "thinking_config": {"include_thoughts": True, "thinking_budget": 2000},
                    "thought_tag_marker": "musing",
                }
            }
        },
    )
    content = response.choices[0].message.content
    assert content.startswith("<musing>")
    thoughts, answer = content.removeprefix("<musing>").split("</musing>")
    assert thoughts.strip() != ""
    assert "sea" in answer
    assert 0 < response.usage.completion_tokens_details.reasoning_tokens <= 2000


def test_extra_content_of_a_message(client):
    """A thought handed back in an earlier assistant message is context, not something the assistant said."""
    response = client.chat.completions.create(
        model="google/gemini-2.5-flash-preview-04-17",
        messages=[
            {"role": "user", "content": "My name is Ingrid."},
            {
                "role": "assistant",
                "content": "I should remember that name.",
                "extra_content": {"google": {"thought": True}},
            },
            {"role": "assistant", "content": "Good evening."},
            {"role": "user", "content": "What is my name?"},
        ],
    )
    assert "Ingrid" in response.choices[0].message.content


def test_extra_content_of_a_part(client):
    response = client.chat.completions.create(
        model="google/gemini-2.5-flash-preview-04-17",
        messages=[
            {"role": "user", "content": "My name is Ingrid."},
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "text",
                        "text": "I should remember that name.",
                        "extra_content": {"google": {"thought": True}},
                    },
                    {"type": "text", "text": "Good evening."},
                ],
            },
            {"role": "user", "content": "What is my name?"},
        ],
    )
    assert "Ingrid" in response.choices[0].message.content


def test_extra_content_of_a_tool_call(host, project_id, token):
    """Gemini 3 checks the signature it gave, so a note about an altered one shows that the client's was really sent."""
    client = openai.OpenAI(
        base_url=f"{host}/v1/projects/{project_id}/locations/global/endpoints/openapi",
        api_key=token,
    )
    tools = [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "parameters": {
                    "type": "object",
                    "properties": {"location": {"type": "string"}},
                    "required": ["location"],
                },
            },
        }
    ]
    messages = [{"role": "user", "content": "How is the weather in Denver right now?"}]
    asked = client.chat.completions.create(model="google/gemini-3.5-flash", messages=messages, tools=tools)
    call = asked.choices[0].message.tool_calls[0].model_dump(exclude_none=True)
    assert call["extra_content"]["google"]["thought_signature"]

    def answer(call):
        return client.chat.completions.with_raw_response.create(
            model="google/gemini-3.5-flash",
            messages=[
                *messages,
                {"role": "assistant", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": call["id"], "content": '{"celsius": 17.3}'},
            ],
            tools=tools,
        )

    returned = answer(call)
    assert "17.3" in returned.parse().choices[0].message.content
    assert "signature" not in returned.headers.get("x-pollux-notes", "")

    altered = answer({**call, "extra_content": {"google": {"thought_signature": "AAAA"}}})
    assert "17.3" in altered.parse().choices[0].message.content
    assert "tool_calls[0].extra_content.google.thought_signature" in altered.headers["x-pollux-notes"]


class CalendarEvent(BaseModel):
    name: str
    date: str
    participants: list[str]


def test_structured_output_with_the_default_client(host, project_id, location, token, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", token)
    monkeypatch.setenv(
        "OPENAI_BASE_URL", f"{host}/v1/projects/{project_id}/locations/{location}/endpoints/openapi"
    )
    client = openai.OpenAI()
    completion = client.beta.chat.completions.parse(
        model="google/gemini-2.5-flash-preview-04-17",
        messages=[
            {"role": "system", "content": "Find the event in the message."},
            {"role": "user", "content": "Petra and Omar will visit a pottery fair on Sunday."},
        ],
        response_format=CalendarEvent,
    )
    event = completion.choices[0].message.parsed
    assert event.participants == ["Petra", "Omar"]
    assert "Sunday" in event.date
