"""Failures arrive as the exception classes that programs catch."""

import json

import openai
import pytest

MODEL = "google/gemini-3.5-flash"
SCRIPT = {
    "rules": [
        {"when": {"contains": "busy at first", "nth": 1}, "then": {"error": {"code": 429, "retryAfterSeconds": 0}}},
        {
            "when": {"contains": "always busy"},
            "then": {"error": {"code": 429, "message": "Quota spent.", "retryAfterSeconds": 7}},
        },
        {"when": {"contains": "broken inside"}, "then": {"error": {"code": 500}}},
        {"when": {"contains": "forbidden fruit"}, "then": {"error": {"code": 403, "message": "Not for you."}}},
        {"when": {"contains": "break in the middle"}, "then": {"fault": "error-after=2:503"}},
        {"when": {"contains": "stall in the middle"}, "then": {"fault": "stall-after=2"}},
    ]
}


@pytest.fixture(scope="module")
def scripted(start_pollux, tmp_path_factory):
    path = tmp_path_factory.mktemp("script") / "script.json"
    path.write_text(json.dumps(SCRIPT))
    emulator = start_pollux("emulator", "--port", "0", "--script", str(path)).url
    return start_pollux(
        "serve",
        "--port",
        "0",
        GOOGLE_GENAI_USE_VERTEXAI="true",
        GOOGLE_CLOUD_PROJECT="scripted-project",
        GOOGLE_VERTEX_BASE_URL=emulator,
    ).url


@pytest.fixture
def client(scripted):
    return openai.OpenAI(api_key="a-google-token", base_url=f"{scripted}/v1", max_retries=0)


def say(client, content, **more):
    return client.chat.completions.create(
        **{"model": MODEL, "messages": [{"role": "user", "content": content}], **more}
    )


def test_bad_request_names_the_field(client):
    with pytest.raises(openai.BadRequestError) as caught:
        say(client, "Hello", temperature="hot")
    assert caught.value.param == "temperature"
    assert caught.value.type == "invalid_request_error"


def test_unknown_model(client):
    with pytest.raises(openai.NotFoundError) as caught:
        say(client, "Hello", model="google/gemini-99-flash")
    assert caught.value.code == "model_not_found"
    assert "gemini-99-flash" in str(caught.value)


def test_access_keys(start_pollux):
    url = start_pollux("serve", "--port", "0", POLLUX_API_KEYS="first-key,second-key").url
    with pytest.raises(openai.AuthenticationError) as caught:
        say(openai.OpenAI(api_key="wrong", base_url=f"{url}/v1", max_retries=0), "Hello")
    assert caught.value.code == "invalid_api_key"
    allowed = openai.OpenAI(api_key="second-key", base_url=f"{url}/v1", max_retries=0)
    assert "kelp" in say(allowed, "Tell me about kelp.").choices[0].message.content.lower()


def test_permission_denied(client):
    with pytest.raises(openai.PermissionDeniedError, match="Not for you"):
        say(client, "forbidden fruit")


def test_rate_limit_with_retry_after(client):
    with pytest.raises(openai.RateLimitError, match="Quota spent") as caught:
        say(client, "always busy")
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.request_id


def test_the_retries_of_the_sdk_get_past_a_short_429(client):
    completion = say(client.with_options(max_retries=2), "busy at first, then tell me about kelp")
    assert "kelp" in completion.choices[0].message.content.lower()


def test_internal_error(client):
    with pytest.raises(openai.InternalServerError):
        say(client, "broken inside")


def test_an_error_inside_a_stream_is_raised(client):
    text = ""
    with pytest.raises(openai.APIError, match="high demand"):
        for chunk in say(client, "break in the middle", stream=True):
            text += chunk.choices[0].delta.content or ""
    assert text != ""


def test_a_stream_can_be_left_in_the_middle(client):
    with say(client, "stall in the middle", stream=True) as stream:
        text = ""
        for chunk in stream:
            text += chunk.choices[0].delta.content or ""
            if text:
                break
    assert "kelp" in say(client, "Tell me about kelp").choices[0].message.content.lower()
