"""From which tables a build on Spark starts, and which days it then replaces."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from support.project import LAST

from mixpanel_data.destinations.iceberg.changed_days import BY_DAY, days_to_replace
from mixpanel_data.destinations.iceberg.publication import (
    BUILD,
    TAG,
    BuiltTable,
    expire_snapshots,
    move_tags,
)

FIRST = LAST - timedelta(days=3)
MADE_BY = "models and versions"
LEDGER = "_metadata"


@pytest.fixture
def published(project: Any, fill: Any) -> Any:
    """A project whose four days are in a publication."""
    fill(4)
    project.sync(FIRST, LAST)
    project.lake.create_namespaces()
    publish(project)
    return project


def publish(project: Any) -> None:
    """Do what a build does as far as it matters here: tables by day, the ledger, their tags and `_build`."""
    catalog = project.lake.catalog
    for namespace, name in BY_DAY:
        rows = pa.table({"event_date": pa.array([LAST], pa.date32())})
        catalog.create_table_if_not_exists((namespace, name), rows.schema).append(rows)
    rows = project.lake.table(LEDGER).scan().to_arrow()
    catalog.create_table_if_not_exists((BUILD, LEDGER), rows.schema).overwrite(rows)
    tables = [BuiltTable(name, "", {}) for name in ("events", LEDGER)]
    others = [each for each in BY_DAY if each[0] != BUILD]
    move_tags(project.lake, tables, MADE_BY, others)


def test_without_a_publication_everything_is_built(project, fill):
    fill(4)
    project.sync(FIRST, LAST)

    assert days_to_replace(project.lake, MADE_BY) is None


def test_only_days_of_newer_loads_are_replaced_also_one_that_lost_its_events(published):
    assert days_to_replace(published.lake, MADE_BY) == []
    emptied = LAST - timedelta(days=1)
    published.sandbox.dataset.remove_events(lambda event: event.day == emptied)

    published.sync(emptied, LAST)

    assert days_to_replace(published.lake, MADE_BY) == [emptied, LAST]
    publish(published)
    assert days_to_replace(published.lake, MADE_BY) == []


def test_other_models_or_versions_build_everything(published):
    assert days_to_replace(published.lake, "others") is None


@pytest.mark.parametrize("table", BY_DAY)
def test_after_a_build_that_was_not_published_everything_is_built(published, table):
    rows = pa.table({"event_date": pa.array([FIRST], pa.date32())})
    published.lake.catalog.load_table(table).append(rows)

    assert days_to_replace(published.lake, MADE_BY) is None


def test_after_a_publication_that_was_cut_off_everything_is_built(published):
    events = published.lake.catalog.load_table((BUILD, "events"))
    events.append(pa.table({"event_date": pa.array([FIRST], pa.date32())}))
    with events.manage_snapshots() as change:
        change.create_tag(events.metadata.current_snapshot_id, "published")

    assert days_to_replace(published.lake, MADE_BY) is None


def test_if_the_raw_tables_were_dropped_everything_is_built(published):
    for name in ("events", LEDGER, "_dlt_loads"):
        published.lake.catalog.drop_table(("mx_raw", name))
    published.sync(FIRST, LAST)

    assert days_to_replace(published.lake, MADE_BY) is None


def test_old_snapshots_of_built_tables_expire_and_the_publication_stays(published):
    publish(published)
    rows = pa.table({"event_date": pa.array([FIRST], pa.date32())})
    catalog, folder = published.lake.catalog, published.settings().folder
    for name in (*BY_DAY, *BY_DAY):
        catalog.load_table(name).append(rows)  # a build that was not published, in two steps
    foreign = catalog.create_table(("working", "of_others"), rows.schema)
    foreign.append(rows)
    foreign.append(rows)
    models = [{"schema": schema, "name": name} for schema, name in BY_DAY]
    (folder.build / "target").mkdir(parents=True)
    (folder.build / "target" / "tables.json").write_text(
        json.dumps([*models, {"schema": "staging", "name": "a_view"}])
    )

    expire_snapshots(published.lake, folder, datetime.now(UTC))

    assert [len(catalog.load_table(name).snapshots()) for name in BY_DAY] == [4] * len(BY_DAY)

    expire_snapshots(published.lake, folder, datetime.now(UTC) + timedelta(days=8))

    for name in BY_DAY:
        table = catalog.load_table(name)
        kept = {snapshot.snapshot_id for snapshot in table.snapshots()}
        assert kept == {table.metadata.current_snapshot_id, table.metadata.refs[TAG].snapshot_id}
        assert len(kept) == 2
    assert len(catalog.load_table(("working", "of_others")).snapshots()) == 2
