"""Errors of reading commands when the published file is damaged, or another process has it open to write."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from support.building import publish_built
from support.reader import holding

from mixpanel_data import DatabaseDamagedError, DatabaseLockedError, Workspace
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.html_report.published_tables import open_published_tables
from mixpanel_data._internal.ledger.reader import read_published_ledger
from mixpanel_data._internal.publication.file_copy import BLOCK, HEADERS
from mixpanel_data._internal.publication.parquet_export import export_tables
from mixpanel_data.sync.time_basis import looks_shifted


def ask(folder: DataFolder) -> None:
    with Workspace(data_dir=folder.root) as workspace:
        workspace.sql_rows("SELECT max(event) FROM events")


def report(folder: DataFolder) -> None:
    with open_published_tables(folder) as published:
        published.rows("SELECT max(event) FROM events")


READERS: dict[str, Callable[[DataFolder], object]] = {
    "query": ask,
    "report": report,
    "export": export_tables,
    "ledger": lambda folder: read_published_ledger(folder.published),
    "times": lambda folder: looks_shifted(folder.published),
}


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder.at(tmp_path / "data")
    publish_built(folder, 1000)
    return folder


@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_is_no_database_is_named_with_the_way_out(
    folder: DataFolder, reader: str
) -> None:
    folder.published.write_bytes(folder.published.read_bytes()[:20_000])

    with pytest.raises(DatabaseDamagedError, match="mp sync") as caught:
        READERS[reader](folder)
    assert str(folder.published) in str(caught.value)


@pytest.mark.parametrize("reader", ["query", "report", "export"])
def test_a_table_that_can_not_be_read_is_named_with_the_way_out(
    folder: DataFolder, reader: str
) -> None:
    with duckdb.connect(folder.published, read_only=True) as db:
        blocks = db.execute(
            "select distinct block_id from pragma_storage_info('events') where block_id >= 0"
        ).fetchall()
    content = bytearray(folder.published.read_bytes())
    for (block,) in blocks:
        content[HEADERS + block * BLOCK + 500] ^= 0xFF
    folder.published.write_bytes(content)

    with pytest.raises(DatabaseDamagedError, match="mp sync"):
        READERS[reader](folder)


@pytest.mark.parametrize("reader", READERS)
def test_who_holds_the_file_to_write_is_named_with_what_to_do_there(
    folder: DataFolder, reader: str
) -> None:
    with (
        holding(folder.published, read_only=False),
        pytest.raises(DatabaseLockedError, match="read_only=True"),
    ):
        READERS[reader](folder)
