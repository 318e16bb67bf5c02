"""The samples of the page on authentication: the client's own configuration, the environment, the refresher."""

import google.auth
import google.auth.transport.requests
import openai
import pytest

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
QUESTION = [{"role": "user", "content": "Explain the colour of the sea"}]


def fresh_token():
    credentials, _ = google.auth.default(scopes=SCOPES)
    credentials.refresh(google.auth.transport.requests.Request())
    return credentials.token


@pytest.mark.parametrize("endpoint, model", [("openapi", "google/gemini-2.0-flash-001"), ("987654", "gemma-2-9b-it")])
def test_client_configuration(host, project_id, location, endpoint, model):
    client = openai.OpenAI(
        base_url=f"{host}/v1/projects/{project_id}/locations/{location}/endpoints/{endpoint}",
        api_key=fresh_token(),
    )
    response = client.chat.completions.create(model=model, messages=QUESTION)
    assert "sea" in response.choices[0].message.content


@pytest.mark.parametrize("endpoint, model", [("openapi", "google/gemini-2.0-flash-001"), ("987654", "gemma-2-9b-it")])
def test_environment(host, project_id, location, endpoint, model, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", fresh_token())
    monkeypatch.setenv(
        "OPENAI_BASE_URL", f"{host}/v1beta1/projects/{project_id}/locations/{location}/endpoints/{endpoint}"
    )
    client = openai.OpenAI()
    response = client.chat.completions.create(model=model, messages=QUESTION)
    assert "sea" in response.choices[0].message.content


class RefreshingClient:
    """An OpenAI client that looks at its Google credentials whenever it is used."""

    def __init__(self, **options):
        self.client = openai.OpenAI(**options, api_key="PLACEHOLDER")
        self.credentials, self.project = google.auth.default(scopes=SCOPES)

    def __getattr__(self, name):
        if not self.credentials.valid:
            self.credentials.refresh(google.auth.transport.requests.Request())
            self.client.api_key = self.credentials.token
        return getattr(self.client, name)


@pytest.fixture
def brief_host(start_pollux, tmp_path, monkeypatch):
    """Like `host`, but Google's tokens live two seconds, which google-auth counts as run out from the start."""
    key_file = str(tmp_path / "key.json")
    google_url = start_pollux(
        "emulator", "--port", "0", "--strict-auth", "--token-lifetime", "2", "--service-account", key_file
    ).url
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", key_file)
    return start_pollux(
        "serve", "--port", "0", GOOGLE_GENAI_USE_VERTEXAI="true", GOOGLE_VERTEX_BASE_URL=google_url
    ).url


def test_refresher(brief_host, project_id, location):
    client = RefreshingClient(
        base_url=f"{brief_host}/v1/projects/{project_id}/locations/{location}/endpoints/openapi"
    )
    tokens = []
    for _ in range(2):
        response = client.chat.completions.create(model="google/gemini-2.0-flash-001", messages=QUESTION)
        assert "sea" in response.choices[0].message.content
        tokens.append(client.client.api_key)
    assert "PLACEHOLDER" not in tokens
    assert tokens[0] != tokens[1]
