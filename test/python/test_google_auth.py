"""Google's own Python library obtains the token, from the emulator's token endpoint; Google's side is strict."""

import google.auth
import google.auth.transport.requests
import openai
import pytest

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
QUESTION = [{"role": "user", "content": "Tell me about the tides of Brest."}]


@pytest.fixture
def token(application_default):
    credentials, project = google.auth.default(scopes=SCOPES)
    assert project == "emulated-project"
    credentials.refresh(google.auth.transport.requests.Request())
    return credentials.token


def vertex(gateway, token, project="emulated-project", location="global"):
    return openai.OpenAI(
        base_url=f"{gateway}/v1/projects/{project}/locations/{location}/endpoints/openapi",
        api_key=token,
        max_retries=0,
    )


def test_the_callers_token_is_passed_through(pass_through, token):
    answer = vertex(pass_through, token).chat.completions.create(model="google/gemini-3.5-flash", messages=QUESTION)
    assert "Brest" in answer.choices[0].message.content


def test_the_path_of_the_caller_is_honoured(pass_through, token):
    """No single region serves Gemini 3, so this 404 can come only from the location in the path."""
    client = vertex(pass_through, token, location="us-central1")
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="google/gemini-3.5-flash", messages=QUESTION)
    answer = client.chat.completions.create(model="google/gemini-2.5-flash", messages=QUESTION)
    assert "Brest" in answer.choices[0].message.content


def test_a_token_google_did_not_issue_is_refused(pass_through):
    with pytest.raises(openai.AuthenticationError, match="authentication credential"):
        vertex(pass_through, "ya29.made-up").chat.completions.create(
            model="google/gemini-3.5-flash", messages=QUESTION
        )


def test_a_gateway_with_credentials_of_its_own_needs_no_token(start_pollux, google, key_file):
    own = start_pollux(
        "serve",
        "--port",
        "0",
        GOOGLE_GENAI_USE_VERTEXAI="true",
        GOOGLE_VERTEX_BASE_URL=google,
        GOOGLE_APPLICATION_CREDENTIALS=key_file,
    ).url
    client = openai.OpenAI(api_key="not-a-google-token", base_url=f"{own}/v1", max_retries=0)
    answer = client.chat.completions.create(model="google/gemini-3.5-flash", messages=QUESTION)
    assert "Brest" in answer.choices[0].message.content

    # In a path, only its own project is its to spend.
    own_project = vertex(own, "not-a-google-token")
    answer = own_project.chat.completions.create(model="google/gemini-3.5-flash", messages=QUESTION)
    assert "Brest" in answer.choices[0].message.content
    with pytest.raises(openai.PermissionDeniedError, match="another-project"):
        vertex(own, "not-a-google-token", project="another-project").chat.completions.create(
            model="google/gemini-3.5-flash", messages=QUESTION
        )


def test_tokens_that_run_out_are_renewed_by_the_gateway(start_pollux, tmp_path):
    """Every token lives two seconds, less than the margin of any cache, and still every call succeeds."""
    key_file = str(tmp_path / "key.json")
    google_url = start_pollux(
        "emulator", "--port", "0", "--strict-auth", "--token-lifetime", "2", "--service-account", key_file
    ).url
    url = start_pollux(
        "serve",
        "--port",
        "0",
        GOOGLE_VERTEX_BASE_URL=google_url,
        GOOGLE_APPLICATION_CREDENTIALS=key_file,
    ).url
    client = openai.OpenAI(api_key="any", base_url=f"{url}/v1", max_retries=0)
    for _ in range(3):
        answer = client.chat.completions.create(model="google/gemini-3.5-flash", messages=QUESTION)
        assert "Brest" in answer.choices[0].message.content
