"""A client of the sample shop, and a way to ask a project of a few events."""

from collections.abc import Iterator
from datetime import date

import httpx
import pytest
from sandbox.conftest import Connect

from mixpanel_data.sandbox import Dataset, Sandbox

TODAY = date(2026, 6, 1)


@pytest.fixture(scope="session")
def sample() -> Dataset:
    """The sample shop from 2 April to 31 May 2026."""
    return Dataset.sample(today=TODAY)


@pytest.fixture(scope="module")
def shop(sample: Dataset) -> Iterator[httpx.Client]:
    """A client of the sample shop, on its last day. Nothing may be changed there."""
    with Sandbox(sample, today=date(2026, 5, 31)) as sandbox:
        known = sandbox.credentials
        with httpx.Client(
            base_url=sandbox.base_url,
            auth=(known.username, known.secret),
            params={"project_id": known.project_id},
        ) as client:
            yield client


@pytest.fixture
def client(mixpanel_sandbox: Sandbox, connect: Connect) -> httpx.Client:
    """A client of ``mixpanel_sandbox``."""
    return connect(mixpanel_sandbox)
