"""A sandbox whose events a test adds one by one, and an HTTP client of its reports."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Any

import httpx

from mixpanel_data.sandbox import Dataset, Sandbox

TODAY = date(2026, 6, 1)
RANGE = {"from_date": "2026-03-01", "to_date": "2026-03-31"}
_numbers = count()


def ask(client: httpx.Client, path: str, **params: Any) -> Any:
    """The answer of a report that must succeed."""
    answer = client.get("/api/query" + path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@dataclass
class SandboxProject:
    """A sandbox, and a client of it. Times are texts such as ``2026-03-04 13:00``, UTC."""

    sandbox: Sandbox
    client: httpx.Client

    @property
    def dataset(self) -> Dataset:
        """What is in it."""
        return self.sandbox.dataset

    def did(self, event: str, at: str, user: str | None = "u", **properties: Any) -> None:
        """Add an event, of the user `u` unless another is given."""
        ids = {"distinct_id": user, "insert_id": f"i{next(_numbers)}"}
        self.dataset.add_event(event, datetime.fromisoformat(at), **ids, **properties)

    def ask(self, path: str, **params: Any) -> Any:
        """The answer of a report; all of March unless other dates are given."""
        return ask(self.client, path, **(RANGE | params))

    def refusal(self, path: str, **params: Any) -> str:
        """The text of a 400 in JSON."""
        answer = self.client.get("/api/query" + path, params=params)
        assert answer.status_code == 400, answer.text
        assert answer.json()["request"] == "/api/query" + path
        text: str = answer.json()["error"]
        return text


@contextmanager
def running_project(dataset: Dataset | None = None, **settings: Any) -> Iterator[SandboxProject]:
    """A running sandbox on 1 June 2026."""
    with Sandbox(dataset, **{"today": TODAY, **settings}) as sandbox:
        known = sandbox.credentials
        with httpx.Client(
            base_url=sandbox.base_url,
            auth=(known.username, known.secret),
            params={"project_id": known.project_id},
            timeout=60,
        ) as client:
            yield SandboxProject(sandbox, client)
