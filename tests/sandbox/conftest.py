"""A sandbox with a day of events, and authenticated clients of it."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from support.wiretap import DAY, fill

from mixpanel_data.sandbox import Sandbox

Connect = Callable[[Sandbox], httpx.Client]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes authenticated clients of a sandbox; they ask for gzip and follow no redirect."""
    clients: list[httpx.Client] = []

    def make(sandbox: Sandbox) -> httpx.Client:
        known = sandbox.credentials
        clients.append(
            httpx.Client(
                base_url=sandbox.base_url,
                auth=(known.username, known.secret),
                params={"project_id": known.project_id},
                headers={"Accept-Encoding": "gzip"},
            )
        )
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def sandbox(mixpanel_sandbox: Sandbox) -> Sandbox:
    """A running sandbox with 40 events on ``DAY``."""
    fill(mixpanel_sandbox.dataset)
    return mixpanel_sandbox


@pytest.fixture
def client(sandbox: Sandbox, connect: Connect) -> httpx.Client:
    """A client of ``sandbox``."""
    return connect(sandbox)


@pytest.fixture
def day_params() -> dict[str, str]:
    """The parameters of an export of ``DAY``."""
    return {"from_date": DAY.isoformat(), "to_date": DAY.isoformat()}
