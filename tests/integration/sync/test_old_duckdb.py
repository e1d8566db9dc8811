"""DuckDB before 2.0 reads, and is refused for writing before anything is asked for."""

from datetime import timedelta

import duckdb
import pytest
from support.project import LAST

from mixpanel_data import Workspace
from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sync.status import read_status


@pytest.mark.parametrize("version", ["1.2.2", "1.5.6"])
def test_it_reads_and_does_not_write(project, fill, tmp_path, monkeypatch, version):
    fill(1, 5)
    project.sync(LAST - timedelta(days=1), LAST)
    monkeypatch.setattr(duckdb, "__version__", version)

    with (
        pytest.raises(ConfigError, match=r"duckdb>=2\.0"),
        exclusive(project.settings().folder),
    ):
        pass
    with (
        StorageEngine(tmp_path / "own.duckdb") as storage,
        pytest.raises(ConfigError, match=r"2\.0"),
    ):
        storage.require_storable("t", append=False, kind="events")

    assert read_status(project.settings()).events == 5
    with Workspace.open(project.folder / "raw.duckdb") as workspace:
        assert workspace.sql_scalar("SELECT count(*) FROM mixpanel.events") == 5
