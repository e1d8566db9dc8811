"""A build without dbt, where only its publication matters: dbt takes as long as fifty of these."""

from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication import build_file, build_stamp
from mixpanel_data._internal.publication.publish import publish

_TABLES = """
attach '{raw}' as raw (read_only);
create or replace table events as select * from raw.mixpanel.events;
create or replace table _metadata as select * exclude (_dlt_load_id, _dlt_id) from raw.mixpanel._metadata
where load_id in (select load_id from raw.mixpanel._dlt_loads where status = 0);
"""


def build(folder: Path) -> None:
    """Leaves a green file to publish, with what is loaded."""
    where = DataFolder.at(folder)
    build_file.prepare_build_file(where, "by hand", "v1.2.0")
    target = build_file.build_file(where)
    with duckdb.connect(target) as db:
        db.execute(_TABLES.format(raw=where.raw))
    build_stamp.mark_built(target)


def build_and_publish(folder: Path) -> None:
    """Readers find what is loaded."""
    build(folder)
    publish(DataFolder.at(folder))
