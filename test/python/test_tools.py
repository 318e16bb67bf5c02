"""Tools over several turns, with a client that keeps only what OpenAI's schema has."""

import json

import openai
import pytest
from pydantic import BaseModel

# Gemini 3 refuses a second turn whose function calls come back without their thought signatures.
MODEL = "google/gemini-3.5-flash"
GET_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Name of the city"}},
            "required": ["city"],
        },
    },
}


@pytest.fixture
def client(gateway):
    return openai.OpenAI(api_key="any", base_url=f"{gateway}/v1", max_retries=0)


def forgetful(message):
    kept = {"role": "assistant", "content": message.content}
    if message.tool_calls:
        kept["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function.name, "arguments": call.function.arguments},
            }
            for call in message.tool_calls
        ]
    return kept


def city_of(call):
    assert call.function.name == "get_weather"
    return json.loads(call.function.arguments)["city"]


@pytest.mark.parametrize("streamed", [False, True])
def test_several_turns_without_unknown_fields(client, streamed):
    def ask(messages):
        if not streamed:
            return client.chat.completions.create(model=MODEL, messages=messages, tools=[GET_WEATHER]).choices[0]
        with client.chat.completions.stream(model=MODEL, messages=messages, tools=[GET_WEATHER]) as stream:
            return stream.get_final_completion().choices[0]

    messages = [{"role": "user", "content": "What is the weather in Chicago?"}]
    for city, temperature in (("Chicago", "17.3"), ("Oslo", "-4.6")):
        asked = ask(messages)
        assert asked.finish_reason == "tool_calls"
        (call,) = asked.message.tool_calls
        assert city in city_of(call)
        assert len(call.id) <= 40
        messages += [
            forgetful(asked.message),
            {"role": "tool", "tool_call_id": call.id, "content": json.dumps({"celsius": float(temperature)})},
        ]
        answered = ask(messages)
        assert answered.finish_reason == "stop"
        assert temperature in answered.message.content
        messages += [forgetful(answered.message), {"role": "user", "content": "And the weather in Oslo?"}]


def test_the_stored_signature_is_used_and_no_bypass(client):
    messages = [{"role": "user", "content": "What is the weather in Chicago?"}]
    asked = client.chat.completions.create(model=MODEL, messages=messages, tools=[GET_WEATHER]).choices[0]
    messages += [
        forgetful(asked.message),
        {"role": "tool", "tool_call_id": asked.message.tool_calls[0].id, "content": "17.3 degrees"},
    ]
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=messages, tools=[GET_WEATHER])
    assert "tool_calls" not in raw.headers.get("x-pollux-notes", "")
    assert "17.3 degrees" in raw.parse().choices[0].message.content


def test_a_history_never_seen_before_is_taken_with_a_note(client):
    messages = [
        {"role": "user", "content": "What is the weather in Chicago?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_from_another_place",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city": "Chicago"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_from_another_place", "content": "21.7 degrees"},
    ]
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=messages, tools=[GET_WEATHER])
    assert "added: messages[1].tool_calls[0]" in raw.headers["x-pollux-notes"]
    assert "21.7 degrees" in raw.parse().choices[0].message.content


def test_parallel_calls_are_matched_by_id(client):
    messages = [
        {"role": "user", "content": "What is the weather in Paris and Tokyo?"}
    ]
    asked = client.chat.completions.create(model=MODEL, messages=messages, tools=[GET_WEATHER]).choices[0].message
    assert [city_of(call) for call in asked.tool_calls] == ["Paris", "Tokyo"]
    results = {"Paris": "11.2 degrees", "Tokyo": "22.9 degrees"}
    messages += [forgetful(asked)]
    messages += [
        {"role": "tool", "tool_call_id": call.id, "content": results[city_of(call)]}
        for call in reversed(asked.tool_calls)
    ]
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=[GET_WEATHER])
    content = answer.choices[0].message.content
    assert content.index("11.2") < content.index("22.9")


def test_legacy_functions(client):
    function = GET_WEATHER["function"]
    messages = [{"role": "user", "content": "What is the weather in Chicago?"}]
    asked = client.chat.completions.create(model=MODEL, messages=messages, functions=[function]).choices[0]
    assert asked.finish_reason == "function_call"
    call = asked.message.function_call
    assert call.name == "get_weather"
    assert "Chicago" in json.loads(call.arguments)["city"]
    messages += [
        {
            "role": "assistant",
            "content": None,
            "function_call": {"name": call.name, "arguments": call.arguments},
        },
        {"role": "function", "name": "get_weather", "content": "17.3 degrees"},
    ]
    answered = client.chat.completions.create(model=MODEL, messages=messages, functions=[function])
    assert "17.3 degrees" in answered.choices[0].message.content


class GetWeather(BaseModel):
    """Get the current weather in a city."""

    city: str


def test_parse_gives_checked_arguments(client):
    completion = client.chat.completions.parse(
        model=MODEL,
        messages=[{"role": "user", "content": "What is the weather in Chicago?"}],
        tools=[openai.pydantic_function_tool(GetWeather)],
    )
    (call,) = completion.choices[0].message.tool_calls
    arguments = call.function.parsed_arguments
    assert isinstance(arguments, GetWeather)
    assert "Chicago" in arguments.city
