"""``mp status``: lines of events and of profiles that can't be read, those that were repaired, and the budget."""

import json
from datetime import UTC, datetime, timedelta

from mixpanel_data.sandbox import Dataset, Sandbox


def test_rejected_lines_are_shown_by_table_and_repaired_ones_apart(mp):
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    noon = datetime(yesterday.year, yesterday.month, yesterday.day, 12, tzinfo=UTC)
    event = b'{"event":"Bought","properties":{"time":%d,"distinct_id":"u","n":%s}}'
    dataset = Dataset.empty()
    dataset.add_event("Bought", noon, distinct_id="u", insert_id="1")
    for text in (b"1,,", b"2,,", b'"half an emoji: \\ud83d"'):
        dataset.add_line(yesterday, event % (int(noon.timestamp()), text) + b"\n")
    for name in "uvw":
        dataset.set_profile(name, {"n": 1})
    dataset.set_profile("bad", {}, raw=b'{"$distinct_id":"bad","$properties":{"a":1,,}}')
    with Sandbox(dataset) as shop:
        env = shop.env() | {"MP_START_DATE": str(yesterday)}
        synced = mp("sync", "--no-build", env=env)
        shown = mp("status", env=env)
        status = json.loads(mp("status", "--format", "json", env=env).stdout)

    assert synced.returncode == 0, synced.stderr
    assert (status["events"], status["profiles"]) == (2, 3)
    assert status["rejected_lines"] == 3
    assert status["rejected_by_table"] == {"events": 2, "profiles": 1}
    assert status["repaired_lines"] == 1
    assert sorted(status["budget"]) == ["export", "query"]
    words = {line.split("  ")[0].strip("│ "): line for line in shown.stdout.splitlines()}
    assert "3 (2 of events, 1 of profiles)" in words["rejected lines"]
    assert "1" in words["repaired lines"]
    assert "requests an hour left" in words["export budget"]
