"""What Google's samples take for granted: a project, a location, a login. Only the host is Pollux's."""

import pytest

PROJECT = "emulated-project"


@pytest.fixture
def project_id() -> str:
    return PROJECT


@pytest.fixture
def location() -> str:
    return "us-central1"


@pytest.fixture
def host(pass_through, application_default) -> str:
    """Stands where the samples say https://LOCATION-aiplatform.googleapis.com; `google.auth.default()` works."""
    return pass_through
