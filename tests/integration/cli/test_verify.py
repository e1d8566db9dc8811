"""``mp verify``, and what a shell sees of a database that is damaged or gone."""

import json
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from mixpanel_data.sandbox import Dataset, Sandbox


@pytest.mark.e2e
def test_what_is_stored_is_checked_and_repaired(mp, tmp_path):
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    long_ago = yesterday - timedelta(days=8)
    dataset = Dataset.empty()
    for day in (long_ago, yesterday):
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        for n in range(24):
            dataset.add_event("Bought", midnight + timedelta(hours=n), insert_id=f"{day}-{n}")
    raw = tmp_path / "data" / "raw.duckdb"
    with Sandbox(dataset) as shop:
        env = shop.env() | {"MP_START_DATE": str(long_ago)}
        sync = ("sync", "--only", "events", "--no-build")
        assert mp("verify", env=env).returncode == 4  # nothing there
        assert mp(*sync, env=env).returncode == 0
        whole = mp("verify", env=env)
        with duckdb.connect(str(raw)) as db:
            db.execute(f"DELETE FROM mixpanel.events WHERE insert_id = '{long_ago}-3'")
        differs = mp("verify", "--format", "json", env=env)
        repaired = mp("verify", "--repair", env=env)
        fetched = mp(*sync, env=env)
        after = mp("verify", env=env)
        content = bytearray(raw.read_bytes())
        content[12300] ^= 0xFF
        raw.write_bytes(content)
        damaged = mp("verify", "--format", "json", env=env)
        status = mp("status", "--format", "json", env=env)
        stopped = mp(*sync, env=env)
        raw.unlink()
        gone = mp(*sync, env=env)
        reloaded = mp(*sync, "--start-over", env=env)
        refused = mp("sync", "--start-over", "--only", "profiles", env=env)

    assert (whole.returncode, after.returncode) == (0, 0), after.stderr
    assert "their rows agree with the ledger" in whole.stderr
    assert (differs.returncode, repaired.returncode, fetched.returncode) == (6, 6, 0)
    assert json.loads(differs.stdout)["disagreements"] == [
        {"table": "events", "part": str(long_ago), "rows": 23, "rows_by_ledger": 24}
    ]
    assert "`mp sync` refetches them" in repaired.stderr
    assert damaged.returncode == 1
    assert json.loads(damaged.stdout)["files"][0]["whole"] is False
    assert "Traceback" not in status.stderr + stopped.stderr
    assert (gone.returncode, reloaded.returncode, refused.returncode) == (1, 0, 3)
    assert "--start-over" in gone.stderr
