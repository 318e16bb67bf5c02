"""However an answer breaks, the SDK raises; it never takes a part for the whole."""

import openai
import pytest

ASK = {
    "model": "google/gemini-3.5-flash",
    "messages": [{"role": "user", "content": "Write a story about a magic backpack, über alles 🎒."}],
}


@pytest.fixture(scope="module")
def impatient(start_pollux):
    """With its emulator inside, so that a header of the request can ask for a fault."""
    return start_pollux(
        "serve",
        "--port",
        "0",
        POLLUX_IDLE_TIMEOUT_MS="700",
        POLLUX_FIRST_BYTE_TIMEOUT_MS="700",
    ).url


@pytest.fixture
def client(impatient):
    return openai.OpenAI(api_key="any", base_url=f"{impatient}/v1", max_retries=0)


def read(client, fault):
    """What was said and how it finished, up to the exception that must come."""
    text, finishes = "", []
    with pytest.raises(openai.APIError) as caught:
        stream = client.chat.completions.create(**ASK, stream=True, extra_headers={"x-emulator-fault": fault})
        for chunk in stream:
            text += chunk.choices[0].delta.content or ""
            finishes += [chunk.choices[0].finish_reason] if chunk.choices[0].finish_reason else []
    return text, finishes, caught.value


def test_f22_a_stream_that_stalls_is_raised_when_the_idle_timer_ends_it(client):
    text, finishes, error = read(client, "stall-after=3")
    assert text != ""
    assert finishes == []
    assert error.code == "upstream_idle_timeout"
    assert "700 ms" in str(error)


def test_f21_an_upstream_that_never_answers_is_a_504_that_names_the_timer(client):
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(**ASK, extra_headers={"x-emulator-fault": "hang"})
    assert caught.value.status_code == 504
    assert caught.value.code == "upstream_first_byte_timeout"


# `slow` keeps the events apart, or a fault would come in the same read as what went before it.
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("slow=5;error-after=3:503", id="an error frame"),
        pytest.param("slow=5;error-after=3:503:raw", id="a raw error object"),
        pytest.param("slow=5;error-after=3:429:array", id="an error array"),
        pytest.param("slow=5;end-after=3", id="a clean end without a finish reason"),
        pytest.param("slow=5;cut-after=3", id="a dropped connection"),
        pytest.param("slow=5;no-finish", id="every finish reason left out"),
        pytest.param("slow=5;cut-after-bytes=900", id="a cut inside an event"),
        pytest.param("slow=5;malformed-json-after=3", id="an event that is no JSON"),
    ],
)
def test_f31_f32_f33_a_stream_that_breaks_is_raised_and_has_no_finish(client, fault):
    text, finishes, error = read(client, fault)
    assert text != ""
    assert finishes == []
    assert error.code is not None


@pytest.mark.parametrize("fault", ["reset", "html", "html-200", "gzip", "empty-body", "cut-after-bytes=50"])
def test_f20_f28_f30_an_answer_that_cannot_be_read_is_a_502(client, fault):
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(**ASK, extra_headers={"x-emulator-fault": fault})
    assert caught.value.status_code == 502
    assert "<html" not in str(caught.value)
