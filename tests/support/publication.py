"""A published file made by hand, and a project whose publish targets get copies of it."""

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from mixpanel_data._internal.settings import Settings, load_settings

ODD = [
    "'' , 'a''b', chr(9) || chr(10) || chr(13) || '\\\\N' || '\\N'",
    "null, 'é\u2028😀', repeat('x', 3000)",
    "'a' || chr(0) || 'b', '\"{},\\', 'null'",
]
"""Texts, three a row, that a format for exchange may change."""

_SQL = """
create table events as
    select 'e' || i % 3 as event, timestamp '2026-01-01' + to_hours(i::integer) as time, 'u' || i % 7 as distinct_id,
        uuid() as event_key, '{"n": ' || i || ', "big": 123456789012345678901234567890}' as properties,
        (date '2026-01-01' + to_days((i // 24)::integer))::date as event_date, 1::integer as version
    from range(0) r(i);
alter table events alter properties type json;
create table sessions (session_id varchar, session_date date, version integer);
create table totals (name varchar, version integer, amount double);
comment on table events is 'What users did.

Grain: one row per event.

Keys: event_key.';
comment on column events.time is 'When it happened, UTC. It''s naive.';
comment on table totals is 'Sums.
Keys: name.';
create table _build (fingerprint varchar, built_at timestamp, dbt_version varchar, storage_version varchar);
"""


@dataclass
class PublishedFolder:
    """A project with publish targets, and a data folder with a published file."""

    root: Path
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    """What is done in each published file, beside its rows."""

    def __post_init__(self) -> None:
        (self.root / "data").mkdir(parents=True, exist_ok=True)
        (self.root / ".dlt").mkdir(exist_ok=True)
        self.configure(**self.targets)

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.root / "data"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a command in this project."""
        return {**os.environ, "MP_PROJECT_DIR": str(self.root)}

    def configure(self, **targets: dict[str, Any]) -> None:
        """Write the configuration file of the project."""
        lines = ["[sources.mixpanel]", 'data_dir = "data"']
        for name, values in targets.items():
            lines.append(f"[publish_targets.{name}]")
            lines += [f"{key} = {_toml(value)}" for key, value in values.items()]
        (self.root / ".dlt" / "config.toml").write_text("\n".join(lines) + "\n")

    def settings(self) -> Settings:
        """The settings of the project."""
        return load_settings({"MP_PROJECT_DIR": str(self.root)})

    def publish(self, version: int, *, days: int = 3, changed: int | None = None) -> None:
        """Publish a file of this version: so many days of events and sessions.

        ``version`` is in each row, or with ``changed`` only in those of the last so many days.
        """
        new = self.data / "new.duckdb"
        new.unlink(missing_ok=True)
        with duckdb.connect(str(new)) as db:
            db.execute(_SQL)
            first = days - (days if changed is None else changed)
            db.execute(
                "insert into events select 'e' || i % 3, timestamp '2026-01-01' + to_hours(i::integer), "
                "'u' || i % 7, md5(i::varchar)::uuid, '{\"n\": ' || i || ', \"big\": 123456789012345678901234567890}', "
                "date '2026-01-01' + (i // 24)::integer, if(i // 24 >= $1, $2, 0) from range($3) r(i)",
                [first, version, days * 24],
            )
            db.execute(
                "insert into sessions select 's' || row_number() over (), event_date, version from events"
            )
            db.execute("insert into totals values ('events', ?, ?)", [version, days * 24 + 0.1])
            for statement in self.statements:
                db.execute(statement)
            built = datetime(2026, 2, 1) + timedelta(hours=version)
            db.execute("insert into _build values ('fingerprint', ?, '1.11', 'v1.2.0')", [built])
        new.replace(self.data / "mixpanel.duckdb")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {_toml(item)}' for key, item in value.items())}}}"
    return str(value) if isinstance(value, int | float) else f'"{value}"'
