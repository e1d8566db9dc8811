"""A build of what readers ask first and of what that needs, where only this or its publication matters: half the time."""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pytest

from mixpanel_data._internal.project.models import models_folder
from mixpanel_data._internal.transform import build, dbt_process
from mixpanel_data._internal.transform.dbt_results import read_results

# What dbt does at the end of a complete build, which one of a part is not.
_RECORD = """
attach 'raw.duckdb' as raw (read_only);
insert into working.build_state select 'load', load_id, null from working.seen_loads
where load_id not in (select name from working.build_state where kind = 'load');
insert into _metadata by name select * exclude (_dlt_load_id, _dlt_id) from raw.mixpanel._metadata
where load_id in (from working.seen_loads) and load_id not in (select load_id from _metadata);
delete from working.build_state where kind <> 'load';
insert into working.build_state select 'setting', name, value from _settings;
drop table working.seen_loads;
delete from working.changed_ids;
delete from working.changed_funnel_days;
delete from working.int_affected_users;
delete from working.int_reassigned_user_days;
"""


def _selected() -> list[str]:
    core = (models_folder() / "models" / "marts" / "core").glob("*.sql")
    return [*(f"+{path.stem}" for path in core), "+sessions"]  # they complete events


def _checksum(name: str) -> str:
    """dbt's, of the model's file."""
    [path] = (models_folder() / "models").rglob(f"{name}.sql")
    return hashlib.sha256(path.read_text().strip().encode()).hexdigest()


def run(
    arguments: Sequence[str],
    data: Path,
    environment: Mapping[str, str],
    results: Path,
    listener: dbt_process.LogListener,
    *,
    marts: Sequence[str] = (),
) -> list[str]:
    """As ``dbt_process.run_dbt``, with these marts besides the core."""
    on_spark = environment["MP_DBT_TARGET"] == "spark"
    # A publication on Spark tags each table that has a partition for each day.
    more = [*(f"+{name}" for name in marts), *(["+int_property_days"] if on_spark else [])]
    chosen = ["--select", *_selected(), *more, "--indirect-selection", "cautious"]
    complaints = dbt_process.run_dbt([*arguments, *chosen], data, environment, results, listener)
    if not complaints and not on_spark:
        built = [node.name for node in read_results(results) if node.kind == "model"]
        with duckdb.connect(data / "build" / "next.duckdb") as db:
            db.execute(_RECORD.replace("raw.duckdb", str(data / "raw.duckdb")))
            db.executemany(
                "insert into working.build_state values ('model', 'model.mixpanel_data.' || $1, $2)",
                [[name, _checksum(name)] for name in built],
            )
    return complaints


def leave_marts_out(patch: pytest.MonkeyPatch | None = None, *but: str) -> None:
    """From now on, in this process; with ``patch`` until it is undone. The marts ``but`` are built."""
    if patch:
        patch.setattr(build, "run_dbt", functools.partial(run, marts=but))
    else:
        build.run_dbt = run  # type: ignore[attr-defined]
