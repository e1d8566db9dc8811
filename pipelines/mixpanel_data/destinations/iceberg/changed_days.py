"""The days that a build on Spark has to replace, where it can start from the published tables."""

from datetime import date, timedelta

from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

from mixpanel_data.destinations.iceberg import ledger
from mixpanel_data.destinations.iceberg.catalog import Lake, translate_iceberg_errors
from mixpanel_data.destinations.iceberg.publication import BUILD, STAMP, TAG
from mixpanel_data.sources import schema

BY_DAY = (
    (BUILD, "events"),
    ("working", "int_id_activity_by_day"),
    ("working", "int_identity_events"),
    ("working", "int_property_days"),
)
"""Tables with a partition for each day: the models with ``meta.partitioned_by``."""

MOST_DAYS = 400
"""Days from which a build from scratch costs no more."""

_KEY = ("table_name", "window_start", "window_end", "load_id")


def days_to_replace(lake: Lake, fingerprint: str) -> list[date] | None:
    """Return the days of loads that the last publication lacks, in order; none if the next build
    must make all tables from scratch.

    It must if a table by day has other rows than those of the last publication, as after a build
    that failed; if models, variables or versions were others; or if loads of the publication are no
    longer in the ledger.
    """
    stamp = _load(lake, STAMP)
    if stamp is None:
        return None
    rows = stamp.scan().to_arrow().to_pylist()
    snapshots = {row["table_name"]: row["snapshot_id"] for row in rows}
    if {row["fingerprint"] for row in rows} != {fingerprint} or not _is_published(lake, snapshots):
        return None
    metadata = _load(lake, schema.LEDGER)
    if metadata is None:
        return None
    published = metadata.scan(selected_fields=_KEY, snapshot_id=snapshots.get(schema.LEDGER))
    built = {tuple(row[name] for name in _KEY) for row in published.to_arrow().to_pylist()}
    places = [ledger.COLUMNS.index(name) for name in _KEY]
    loaded = {tuple(row[place] for place in places) for row in ledger.read_ledger_rows(lake)}
    if built - loaded:
        return None
    days = {
        first + timedelta(days=number)
        for kind, first, last, _ in loaded - built
        if kind == schema.EVENTS
        for number in range((last - first).days + 1)
    }
    return sorted(days) if len(days) <= MOST_DAYS else None


def _is_published(lake: Lake, snapshots: dict[str, int]) -> bool:
    """Return True if each table by day has the rows of the last publication."""
    for namespace, name in BY_DAY:
        table = _load(lake, name, namespace)
        if table is None:
            return False
        tag = table.metadata.refs.get(TAG)
        if tag is None or tag.snapshot_id != table.metadata.current_snapshot_id:
            return False
        if snapshots.get(name, tag.snapshot_id) != tag.snapshot_id:
            return False
    return True


def _load(lake: Lake, name: str, namespace: str = BUILD) -> Table | None:
    with translate_iceberg_errors():
        try:
            return lake.catalog.load_table((namespace, name))
        except NoSuchTableError:
            return None
