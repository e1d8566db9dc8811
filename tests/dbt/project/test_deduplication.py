"""The compiled SQL of `events`, against a plain Python reading of Mixpanel's rule."""

import random
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from support import core_models
from support.raw_file import Event, RawFile, at

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.transform.build import build

Row = tuple[object, ...]
START = at("2026-01-01")
VIEWS = (
    "staging/mixpanel/stg_mixpanel__events",
    "staging/mixpanel/stg_mixpanel__fetches",
    "intermediate/coverage/int_committed_ranges",
    "intermediate/changes/int_refetched_ranges",
)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory, parsed: Path) -> Path:
    """The folder of compiled models, of a first build."""
    folder = DataFolder.at(tmp_path_factory.mktemp("data"))
    RawFile(folder.raw)
    with pytest.MonkeyPatch.context() as patch:
        core_models.leave_marts_out(patch)
        build(folder)
    return folder.build / "target" / "compiled" / "mixpanel_data" / "models"


@pytest.mark.parametrize("seed", range(8))
def test_the_kept_rows_are_those_of_the_rule(compiled: Path, tmp_path: Path, seed: int) -> None:
    events = some_events(random.Random(seed))
    days = {(START + timedelta(days=n)).date(): [] for n in range(3)}
    for event in events:
        days[event.time.date()].append(event)
    raw = RawFile(tmp_path / "raw.duckdb")
    raw.load(days)

    assert kept(compiled, raw) == sorted(expected(events), key=repr)


def some_events(chance: random.Random) -> list[Event]:
    """Few values of each kind, so that they meet often."""

    def one() -> Event:
        properties = {"mp_processing_time_ms": chance.choice([1, 2, 3, None, "x"])}
        if chance.random() < 0.3:
            properties["$distinct_id_before_identity"] = chance.choice(["u1", "u2"])
        return Event(
            START + timedelta(hours=12 * chance.randrange(6)),
            chance.choice(["Paid", "paid"]),
            chance.choice(["u1", "u2", None]),
            chance.choice(["i1", "I1", "", None]),
            {**properties, "n": chance.randrange(3)},
        )

    return [one() for _ in range(300)]


def expected(events: list[Event]) -> list[Row]:
    copies: dict[object, list[Event]] = {}
    for number, event in enumerate(events):
        sent_for = event.properties.get("$distinct_id_before_identity", event.user)
        key = (event.name, event.time, sent_for, event.insert_id) if event.insert_id else number
        copies.setdefault(key, []).append(event)
    return [min(group, key=rank).row() for group in copies.values()]


def rank(event: Event) -> tuple[object, ...]:
    """Lowest for the copy to keep; beyond the newest, anything that does not depend on the order of loading."""
    processed = event.properties.get("mp_processing_time_ms")
    age = -processed if isinstance(processed, int) else 0
    return age, event.row()[4], event.user is None, event.user


def kept(compiled: Path, raw: RawFile) -> list[Row]:
    with duckdb.connect() as db:
        db.execute(f"attach '{raw.path}' as raw (read_only); attach ':memory:' as next")
        db.execute("create schema next.staging; create schema next.working")
        db.execute("create table next.working.build_state (kind varchar, name varchar)")
        for view in VIEWS:
            sql = (compiled / f"{view}.sql").read_text()
            db.execute(f"create view next.staging.{Path(view).name} as {sql}")
        sql = (compiled / "marts/core/events.sql").read_text()
        rows = db.execute(
            f"select event, time, distinct_id, insert_id, properties from ({sql})"
        ).fetchall()
    return sorted(rows, key=repr)
