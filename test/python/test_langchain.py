"""langchain-openai for Python."""

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

import media

LIGHTHOUSE = [
    SystemMessage("You are a keeper of lights."),
    HumanMessage("Tell me about the lighthouse of Ushant."),
]


@pytest.fixture
def model(gateway):
    return ChatOpenAI(model="google/gemini-3.5-flash", api_key="any", base_url=f"{gateway}/v1", max_retries=0)


@tool
def get_weather(city: str) -> str:
    """Get the current weather in a city."""
    return f"17.3 degrees in {city}"


class CalendarEvent(BaseModel):
    """An event in a calendar."""

    name: str
    date: str
    participants: list[str]


def test_invoke(model):
    answer = model.invoke(LIGHTHOUSE)
    assert "Ushant" in answer.content
    assert answer.response_metadata["finish_reason"] == "stop"
    usage = answer.usage_metadata
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_stream_gives_the_invoked_text(model):
    whole = model.invoke(LIGHTHOUSE)
    chunks = list(model.stream(LIGHTHOUSE, stream_usage=True))
    assert len(chunks) > 3
    gathered = chunks[0]
    for chunk in chunks[1:]:
        gathered += chunk
    assert gathered.content == whole.content
    assert gathered.usage_metadata["total_tokens"] == whole.usage_metadata["total_tokens"]


@pytest.mark.parametrize("way", ["invoke", "stream"])
def test_bind_tools_round_trip(model, way):
    bound = model.bind_tools([get_weather])
    messages = [HumanMessage("What is the weather in Paris and Tokyo?")]
    if way == "invoke":
        asked = bound.invoke(messages)
    else:
        first, *rest = bound.stream(messages)
        asked = first
        for chunk in rest:
            asked += chunk
    assert [call["args"] for call in asked.tool_calls] == [{"city": "Paris"}, {"city": "Tokyo"}]
    messages += [asked, *(get_weather.invoke(call) for call in asked.tool_calls)]
    answer = bound.invoke(messages)
    assert answer.tool_calls == []
    assert "17.3 degrees in Paris" in answer.content
    assert "17.3 degrees in Tokyo" in answer.content


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output(model, method):
    event = model.with_structured_output(CalendarEvent, method=method).invoke(
        "Maryam and Yann attend a robotics conference on Tuesday."
    )
    assert isinstance(event, CalendarEvent)
    assert event.participants == ["Maryam", "Yann"]
    assert "Tuesday" in event.date


def test_image_input(model):
    url = f"data:image/png;base64,{media.base64_text(media.png(37, 23, (220, 30, 30)))}"
    answer = model.invoke(
        [
            HumanMessage(
                [
                    {"type": "text", "text": "What is in this image?"},
                    {"type": "image_url", "image_url": {"url": url}},
                ]
            )
        ]
    )
    assert "PNG" in answer.content and "37 x 23" in answer.content
