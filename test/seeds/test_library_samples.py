"""The Python samples of "Using OpenAI libraries with Vertex AI": same calls, same fields, prompts of our own."""

import base64
import json

import google.auth.transport.requests
import openai
import pytest
from google.auth import default
from pydantic import BaseModel

import media

SYSTEM = {"role": "system", "content": "You are a patient teacher."}


@pytest.fixture
def client(host, project_id, location):
    credentials, _ = default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    credentials.refresh(google.auth.transport.requests.Request())
    return openai.OpenAI(
        base_url=f"{host}/v1/projects/{project_id}/locations/{location}/endpoints/openapi",
        api_key=credentials.token,
    )


def test_first_request(client):
    response = client.chat.completions.create(
        model="google/gemini-2.0-flash-001",
        messages=[SYSTEM, {"role": "user", "content": "Describe the water cycle to me"}],
    )
    message = response.choices[0].message
    assert message.role == "assistant"
    assert "water" in message.content.lower()
    assert response.model == "google/gemini-2.0-flash-001"


@pytest.mark.parametrize("effort, budget", [("low", 1024), ("medium", 8192), ("high", 24576)])
def test_reasoning(client, effort, budget):
    response = client.chat.completions.create(
        model="google/gemini-2.5-flash-preview-04-17",
        reasoning_effort=effort,
        messages=[SYSTEM, {"role": "user", "content": "Describe the water cycle to me"}],
    )
    assert "water" in response.choices[0].message.content.lower()
    assert 0 < response.usage.completion_tokens_details.reasoning_tokens <= budget


def test_reasoning_switched_off(client):
    response = client.chat.completions.create(
        model="google/gemini-2.5-flash-preview-04-17",
        reasoning_effort="none",
        messages=[SYSTEM, {"role": "user", "content": "Describe the water cycle to me"}],
    )
    assert "water" in response.choices[0].message.content.lower()
    details = response.usage.completion_tokens_details
    assert details is None or not details.reasoning_tokens


def test_reasoning_left_to_the_model(client):
    """Python's None is what the sentence under the sample says; it reaches the wire as null."""
    response = client.chat.completions.create(
        model="google/gemini-2.5-flash-preview-04-17",
        reasoning_effort=None,
        messages=[SYSTEM, {"role": "user", "content": "Describe the water cycle to me"}],
    )
    assert "water" in response.choices[0].message.content.lower()


def test_streaming(client):
    response = client.chat.completions.create(
        model="google/gemini-2.0-flash",
        messages=[SYSTEM, {"role": "user", "content": "Good morning, tell me about dew!"}],
        stream=True,
    )
    deltas = [chunk.choices[0].delta for chunk in response]
    assert deltas[0].role == "assistant"
    assert len(deltas) > 2
    assert "dew" in "".join(delta.content or "" for delta in deltas).lower()


def test_function_calling(client):
    tools = [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "Look up the weather of a place",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "location": {
                            "type": "string",
                            "description": "City and state, such as Boston, MA",
                        },
                        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                    },
                    "required": ["location"],
                },
            },
        }
    ]
    response = client.chat.completions.create(
        model="google/gemini-2.0-flash",
        messages=[{"role": "user", "content": "How is the weather in Denver right now?"}],
        tools=tools,
        tool_choice="auto",
    )
    choice = response.choices[0]
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert call.type == "function"
    assert call.function.name == "get_weather"
    arguments = json.loads(call.function.arguments)
    assert "Denver" in arguments["location"]
    assert arguments.get("unit") in (None, "celsius", "fahrenheit")


def test_image(client, tmp_path):
    image_path = tmp_path / "sofa.jpeg"
    image_path.write_bytes(media.jpeg(41, 29))

    def encode_image(path):
        with open(path, "rb") as file:
            return base64.b64encode(file.read()).decode("utf-8")

    response = client.chat.completions.create(
        model="google/gemini-2.0-flash",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What do you see here?"},
                    {
                        "type": "image_url",
                        "image_url": {"url": f"data:image/jpeg;base64,{encode_image(image_path)}"},
                    },
                ],
            }
        ],
    )
    content = response.choices[0].message.content
    assert "JPEG" in content and "41 x 29" in content


def test_audio_with_a_bare_model_name(client):
    response = client.chat.completions.create(
        model="gemini-2.0-flash",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Write down what is said"},
                    {
                        "type": "input_audio",
                        "input_audio": {"data": media.base64_text(media.wav(2, 8_000)), "format": "wav"},
                    },
                ],
            }
        ],
    )
    content = response.choices[0].message.content
    assert "WAV" in content and "2 seconds" in content and "8000 Hz" in content


class CalendarEvent(BaseModel):
    name: str
    date: str
    participants: list[str]


def test_structured_output(client):
    completion = client.beta.chat.completions.parse(
        model="google/gemini-2.0-flash",
        messages=[
            {"role": "system", "content": "Find the event in the message."},
            {"role": "user", "content": "Petra and Omar will visit a pottery fair on Sunday."},
        ],
        response_format=CalendarEvent,
    )
    event = completion.choices[0].message.parsed
    assert isinstance(event, CalendarEvent)
    assert event.participants == ["Petra", "Omar"]
    assert "Sunday" in event.date
