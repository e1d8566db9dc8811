"""The settings the tables were built with, from the file itself."""

import json
from dataclasses import dataclass, field
from typing import Any

from mixpanel_data._internal.html_report.published_tables import Published
from mixpanel_data._internal.time_zones import Zone


@dataclass(frozen=True)
class Definitions:
    """The variables of the models by name; empty for a file that does not tell."""

    values: dict[str, Any] = field(default_factory=dict)

    @property
    def timezone(self) -> str:
        """The zone whose days all numbers by day are of."""
        return str(self.values.get("project_timezone") or "UTC")

    @property
    def zone(self) -> Zone:
        return Zone(self.timezone)

    @property
    def hidden_events(self) -> list[str]:
        return list(self.values.get("hidden_events") or [])

    def entries(self, variable: str) -> list[dict[str, Any]]:
        """What a variable that is a list of definitions holds."""
        return [dict(entry) for entry in self.values.get(variable) or []]


def read_definitions(db: Published) -> Definitions:
    """Those of the table ``_settings``."""
    if "_settings" not in db.tables:
        return Definitions()
    found = db.rows("SELECT name, value FROM _settings")
    return Definitions({name: json.loads(value) for name, value in found})


def event_names(step: str | list[str] | dict[str, Any]) -> str:
    """A step of a definition as people say it, and as ``funnels`` does."""
    if isinstance(step, dict):
        where = step.get("where")
        return event_names(step["event"]) + (f" where {where}" if where else "")
    return step if isinstance(step, str) else " or ".join(step)
