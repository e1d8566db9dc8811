"""The settings with which the tables were built, read from the file."""

import json
from dataclasses import dataclass, field
from typing import Any

from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.time_zones import Zone


@dataclass(frozen=True)
class Definitions:
    """The variables of the models by name; empty for a file without them."""

    values: dict[str, Any] = field(default_factory=dict)

    @property
    def timezone(self) -> str:
        """The zone of all days in the report."""
        return str(self.values.get("project_timezone") or "UTC")

    @property
    def zone(self) -> Zone:
        return Zone(self.timezone)

    @property
    def hidden_events(self) -> list[str]:
        return list(self.values.get("hidden_events") or [])

    def entries(self, variable: str) -> list[dict[str, Any]]:
        """Return the entries of a variable that is a list of definitions."""
        return [dict(entry) for entry in self.values.get(variable) or []]


def read_definitions(db: PublishedTables) -> Definitions:
    """Read the variables from the table ``_settings``."""
    if "_settings" not in db.tables:
        return Definitions()
    found = db.rows("SELECT name, value FROM _settings")
    return Definitions({name: json.loads(value) for name, value in found})


def format_event_names(step: str | list[str] | dict[str, Any]) -> str:
    """Format a step of a definition, like the table ``funnels`` does."""
    if isinstance(step, dict):
        where = step.get("where")
        return format_event_names(step["event"]) + (f" where {where}" if where else "")
    return step if isinstance(step, str) else " or ".join(step)
