"""``mp status --max-age`` for monitors, and ``--days --last``."""

import csv
import json

import pytest


@pytest.fixture
def loaded(mp, shop):
    """The last three days but one, so that yesterday is missing."""
    days = shop.dataset.days()
    done = mp(
        *("sync", "--from", str(days[-4]), "--to", str(days[-2]), "--only", "events", "--no-build"),
        env=shop.env(),
    )
    assert done.returncode == 0, done.stderr
    return days


@pytest.mark.parametrize(("longest", "code"), [("3d", 0), ("72h", 0), ("1h", 8), ("23h59m", 8)])
def test_older_data_end_with_8(mp, loaded, longest, code):
    done = mp("status", "--max-age", longest, "--format", "json")

    status = json.loads(done.stdout)
    assert (done.returncode, status["is_stale"]) == (code, code == 8)
    assert status["complete_up_to"] == str(loaded[-2])
    assert 24 * 3600 <= status["age_seconds"] < 48 * 3600
    assert (f"Older than {longest}" in done.stderr) == (code == 8)


def test_a_folder_without_data_is_stale(mp):
    done = mp("status", "--max-age", "36h")

    assert done.returncode == 8
    assert "no day is complete" in done.stderr


def test_a_table_says_up_to_which_day_all_is_complete(mp, loaded):
    [line] = [line for line in mp("status").stdout.splitlines() if "complete up to" in line]

    assert str(loaded[-2]) in line


def test_the_last_days_only(mp, loaded):
    done = mp("status", "--days", "--last", "2", "--format", "csv")

    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [row["day"] for row in rows] == [str(loaded[-3]), str(loaded[-2])]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("--max-age", "soon"), "'soon' is not a duration"), (("--last", "3"), "it needs --days")],
)
def test_wrong_options_are_named(mp, arguments, says):
    done = mp("status", *arguments)

    assert done.returncode == 3
    assert says in done.stderr
