"""Credentials that can be found wherever they leak, retries without waits, cassettes without secrets."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
from vcr.request import Request

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.auth.credentials import Credentials

ROOT = Path(__file__).parents[3]
# With characters that change in URLs, JSON, HTML and base64.
CANARY = 'cAn4ry/+s3cret?&"é~'

Connect = Callable[..., MixpanelAPIClient]


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture
def credentials() -> Credentials:
    return Credentials.model_validate(
        {"username": "sa.canary", "secret": CANARY, "project_id": "12345", "region": "us"}
    )


@pytest.fixture
def connect(credentials: Credentials) -> Iterator[Connect]:
    """Clients of these credentials, closed at the end."""
    clients = []

    def client(base_url: str | None = None, **settings: Any) -> MixpanelAPIClient:
        clients.append(MixpanelAPIClient(credentials, base_url=base_url, **settings))
        return clients[-1]

    yield client
    for opened in clients:
        opened.close()


@pytest.fixture
def vcr_config() -> dict[str, Any]:
    # No record_mode here: it would win over --record-mode.
    return {
        "match_on": ["method", "path", "query", "body"],
        "filter_headers": ["authorization", "host", "user-agent"],
        "filter_query_parameters": [("project_id", "0")],
        "before_record_request": _without_port,
        "before_record_response": _without_passing_headers,
    }


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    return str(ROOT / "cassettes" / request.path.stem.removeprefix("test_"))


def _without_port(request: Request) -> Request:
    # The sandbox's port changes; the cassette of the same answers should not.
    request.uri = re.sub(r"^http://127\.0\.0\.1:\d+", "http://sandbox", request.uri)
    return request


def _without_passing_headers(response: dict[str, Any]) -> dict[str, Any]:
    kept = {n: v for n, v in response["headers"].items() if n.lower() not in ("set-cookie", "date")}
    return {**response, "headers": kept}
