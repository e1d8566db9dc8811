"""The reason why a build can't start from the tables that were built before."""

from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication.build_stamp import has_same_base

OTHER_RAW = "raw.duckdb is not the one, or no later state of the one, that they were built from"


def reason_to_rebuild(
    folder: DataFolder, fingerprint: str, storage_version: str, *, built: Path
) -> str | None:
    """Return why a build can't start from the tables of ``built``, as half a sentence.

    None if it can, or if there is no such file.
    """
    if not built.is_file():
        return None
    try:
        with duckdb.connect(str(built), read_only=True) as connection:
            stamp = connection.execute("SELECT fingerprint, storage_version FROM _build").fetchone()
            if stamp and stamp[1] != storage_version:
                return f"MP_STORAGE_VERSION is {storage_version}, and was {stamp[1]}"
            if stamp and not has_same_base(stamp[0], fingerprint):
                return "the dbt models or their variables changed"
            # Each load has a random id, so a raw database with all of the built ones is the same,
            # or a later state of it. A restored backup lacks the newest ones.
            return OTHER_RAW if not _loads(connection, "main") <= _raw_loads(folder) else None
    except duckdb.Error:
        return None  # the build that opens it reports it


def _raw_loads(folder: DataFolder) -> frozenset[str]:
    with duckdb.connect(str(folder.raw), read_only=True) as connection:
        return _loads(connection, "mixpanel")


def _loads(connection: duckdb.DuckDBPyConnection, schema: str) -> frozenset[str]:
    rows = connection.execute(f"SELECT DISTINCT load_id FROM {schema}._metadata").fetchall()
    return frozenset(load_id for (load_id,) in rows)
