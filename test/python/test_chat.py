"""The plain side of `openai` for Python: text, streams, structured output, media, models."""

import asyncio
import json
from typing import Literal, Optional

import openai
import pytest
from pydantic import BaseModel

import media

MODEL = "google/gemini-3.5-flash"
LIGHTHOUSE = [{"role": "user", "content": "Tell me about the lighthouse of Ushant."}]


@pytest.fixture
def client(gateway):
    return openai.OpenAI(api_key="any", base_url=f"{gateway}/v1", max_retries=0)


def test_plain(client):
    completion = client.chat.completions.create(model=MODEL, messages=LIGHTHOUSE)
    assert completion.object == "chat.completion"
    assert len(completion.id) >= 20
    assert "gemini-3.5-flash" in completion.model
    (choice,) = completion.choices
    assert choice.index == 0
    assert choice.finish_reason == "stop"
    assert choice.message.role == "assistant"
    assert choice.message.refusal is None
    assert "lighthouse" in choice.message.content.lower()
    assert "Ushant" in choice.message.content
    usage = completion.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert 0 < usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens


def test_stream_has_the_same_text_and_one_finish(client):
    whole = client.chat.completions.create(model=MODEL, messages=LIGHTHOUSE)
    chunks = list(
        client.chat.completions.create(
            model=MODEL, messages=LIGHTHOUSE, stream=True, stream_options={"include_usage": True}
        )
    )
    *before, last = chunks
    assert last.choices == []
    assert last.usage.total_tokens == whole.usage.total_tokens
    assert all(chunk.usage is None for chunk in before)
    deltas = [chunk.choices[0].delta for chunk in before]
    assert [delta.role for delta in deltas] == ["assistant"] + [None] * (len(deltas) - 1)
    assert "".join(delta.content or "" for delta in deltas) == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in before if c.choices[0].finish_reason] == ["stop"]


@pytest.mark.parametrize("home", ["chat", "beta"])
def test_stream_helper_builds_the_unstreamed_message(client, home):
    completions = client.chat.completions if home == "chat" else client.beta.chat.completions
    pieces = []
    with completions.stream(model=MODEL, messages=LIGHTHOUSE) as stream:
        for event in stream:
            if event.type == "content.delta":
                pieces.append(event.delta)
        final = stream.get_final_completion()
    whole = client.chat.completions.create(model=MODEL, messages=LIGHTHOUSE)
    assert len(pieces) > 1
    assert "".join(pieces) == whole.choices[0].message.content
    assert final.choices[0].message.content == whole.choices[0].message.content
    assert final.choices[0].finish_reason == "stop"


def test_async_client_with_several_requests_at_once(gateway):
    async def ask_all():
        async with openai.AsyncOpenAI(api_key="any", base_url=f"{gateway}/v1", max_retries=0) as client:

            async def ask(topic):
                stream = await client.chat.completions.create(
                    model=MODEL,
                    messages=[{"role": "user", "content": f"Tell me about {topic}."}],
                    stream=True,
                )
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

            return await asyncio.gather(*(ask(topic) for topic in ("Ouessant", "Molene", "Sein")))

    for topic, text in zip(("Ouessant", "Molene", "Sein"), asyncio.run(ask_all())):
        assert topic in text


class Stop(BaseModel):
    place: str
    minutes: Optional[int] = None


class CalendarEvent(BaseModel):
    name: str
    date: str
    participants: list[str]
    kind: Literal["conference", "party"]
    stops: list[Stop]


@pytest.mark.parametrize("home", ["chat", "beta"])
def test_parse_gives_a_pydantic_object(client, home):
    completions = client.chat.completions if home == "chat" else client.beta.chat.completions
    completion = completions.parse(
        model=MODEL,
        messages=[
            {"role": "system", "content": "Extract the event."},
            {"role": "user", "content": "Maryam and Yann attend a robotics conference on Tuesday."},
        ],
        response_format=CalendarEvent,
    )
    event = completion.choices[0].message.parsed
    assert isinstance(event, CalendarEvent)
    assert event.participants == ["Maryam", "Yann"]
    assert "Tuesday" in event.date
    assert json.loads(completion.choices[0].message.content) == event.model_dump(
        exclude_unset=True
    )


def test_stream_helper_parses_too(client):
    with client.chat.completions.stream(
        model=MODEL,
        messages=[{"role": "user", "content": "Maryam and Yann attend a robotics conference on Tuesday."}],
        response_format=CalendarEvent,
    ) as stream:
        parsed = stream.get_final_completion().choices[0].message.parsed
    assert parsed.participants == ["Maryam", "Yann"]


def test_image_arrives_byte_for_byte(client):
    url = f"data:image/png;base64,{media.base64_text(media.png(37, 23, (220, 30, 30)))}"
    completion = client.chat.completions.create(
        model=MODEL,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is in this image?"},
                    {"type": "image_url", "image_url": {"url": url}},
                ],
            }
        ],
    )
    content = completion.choices[0].message.content
    assert "PNG" in content and "37 x 23" in content and "red" in content


def test_audio_arrives_byte_for_byte(client):
    completion = client.chat.completions.create(
        model=MODEL,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Describe this recording."},
                    {
                        "type": "input_audio",
                        "input_audio": {"data": media.base64_text(media.wav(1.5, 16_000)), "format": "wav"},
                    },
                ],
            }
        ],
    )
    content = completion.choices[0].message.content
    assert "WAV" in content and "1.5 seconds" in content and "16000 Hz" in content
    assert completion.usage.prompt_tokens_details.audio_tokens > 0


def test_models_are_listed_and_retrieved(client):
    ids = [model.id for model in client.models.list()]
    assert MODEL in ids
    model = client.models.retrieve(MODEL)
    assert model.id == MODEL
    assert model.owned_by == "google"
    assert model.context_length == 1_048_576
