"""Services over the sandbox, over cassettes, and over a client with set answers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from unit.api.conftest import (  # noqa: F401 - the fixtures of cassettes
    _no_waits,
    connect,
    credentials,
    vcr_cassette_dir,
    vcr_config,
)

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.live_query import LiveQueryService
from mixpanel_data.sandbox import Sandbox

TODAY = date(2026, 3, 1)


@dataclass
class FakeClient:
    """A client that gives ``answers`` by operation, raises those that are errors, and keeps what it was asked."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @contextmanager
    def query(
        self,
        operation: str,
        params: Mapping[str, str],
        *,
        form: Mapping[str, str] | None = None,
    ) -> Iterator[Any]:
        self.asked.append((operation, {**params, **(form or {})}))
        answer = self.answers[operation]
        if isinstance(answer, Exception):
            raise answer
        yield answer

    def app(self, path: str, params: Mapping[str, str]) -> AbstractContextManager[Any]:
        return self.query(path, params)


@dataclass
class Services:
    """Both services over one client."""

    client: Any
    discovery: DiscoveryService = field(init=False)
    live: LiveQueryService = field(init=False)

    def __post_init__(self) -> None:
        self.discovery = DiscoveryService(self.client)
        self.live = LiveQueryService(self.client, discovery=self.discovery)


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def services(client: FakeClient) -> Services:
    return Services(client)


@pytest.fixture
def over() -> Iterator[Callable[..., Services]]:
    """Makes services over a sandbox; their clients try once."""
    clients: list[MixpanelAPIClient] = []

    def make(sandbox: Sandbox, **settings: Any) -> Services:
        known = sandbox.credentials
        account = Credentials.model_validate(
            {
                "username": known.username,
                "secret": known.secret,
                "project_id": known.project_id,
                "region": "us",
            }
        )
        clients.append(
            MixpanelAPIClient(account, base_url=sandbox.base_url, max_attempts=1, **settings)
        )
        return Services(clients[-1])

    yield make
    for client in clients:
        client.close()
