"""Profiles in the summary, the report and the status."""

import json

import pytest

from mixpanel_data.cli.app import run
from mixpanel_data.cli.output.summary import summary_lines
from mixpanel_data.sync.status import read_status

from .conftest import ENGAGE, seen_now

GROUPS = {"companies": "1001"}


@pytest.fixture
def mp(people, monkeypatch, capsys):
    """Runs the command; gives its exit code and what it printed as JSON."""
    for name, value in {**people.sandbox.env(), "MP_DATA_DIR": str(people.folder)}.items():
        monkeypatch.setenv(name, value)

    def call(*arguments):
        code = run([*arguments, "--format", "json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def test_the_summary_distinguishes_a_snapshot_from_an_increment(people, crowd):
    crowd(3)
    people.has("c", group="1001")
    first = summary_lines(people.read(groups=GROUPS))
    people.has("u1", n="new", **{"$last_seen": seen_now()})
    second = summary_lines(people.read(groups=GROUPS))

    assert "Loaded 3 profiles, a complete snapshot." in first
    assert "Loaded 1 companies profiles, a complete snapshot." in first
    [line] = [line for line in second if "seen since" in line]
    assert line.startswith("Loaded 1 profiles seen since ")
    assert line.endswith("; there are 3.")


def test_the_report_has_it_for_programs(people, crowd):
    crowd(3)
    people.read()

    report = people.read().to_dict()

    [read] = report["profile_reads"]
    assert (report["profiles"], read["fetched_rows"], read["snapshot_complete"]) == (3, 0, False)
    assert json.dumps(report)


def test_a_warning_is_in_the_summary(people):
    from mixpanel_data.sandbox import FaultKind

    people.breaks(FaultKind.STATUS_402, text="Payment required")

    assert any("left out" in line for line in summary_lines(people.read()))


def test_status_shows_the_last_snapshot_and_the_last_increment(people, crowd):
    crowd(3)
    people.has("c", group="1001")
    people.read(groups=GROUPS)
    people.has("u9", **{"$last_seen": seen_now()})
    people.read(groups=GROUPS)

    status = read_status(people.settings())
    snapshot, increment = (
        moment
        for (moment,) in people.query(
            "SELECT fetched_at FROM mixpanel._metadata WHERE table_name = 'profiles' ORDER BY 1"
        )
    )

    assert (status.profiles, status.group_profiles) == (4, {"companies": 1})
    assert (status.last_snapshot, status.last_increment) == (snapshot, increment)
    assert status.to_dict()["last_increment"] == increment.isoformat()


def test_full_profiles_by_the_command(mp, people, crowd):
    crowd(3)
    mp("sync", "--only", "profiles", "--no-build")
    people.loses("u1")

    _, partial = mp("sync", "--only", "profiles", "--no-build")
    code, full = mp("sync", "--only", "profiles", "--no-build", "--full-profiles")

    assert [partial["profiles"], full["profiles"]] == [3, 2]
    assert code == 0
    assert people.table() == people.truth()
    assert ["where" in call.form for call in people.sandbox.requests.to(ENGAGE)] == [
        False,
        True,
        False,
    ]


def test_status_by_the_command(mp, people, crowd, monkeypatch):
    monkeypatch.setenv("MP_GROUPS", "companies=1001")
    crowd(3)
    people.has("c", group="1001")
    mp("sync", "--only", "profiles", "--no-build")

    _, status = mp("status")

    assert status["profiles"] == 3
    assert status["group_profiles"] == {"companies": 1}
    assert status["last_snapshot"]
    assert status["last_increment"] is None


def test_status_is_readable_before_and_after(people, crowd, capsys, monkeypatch):
    monkeypatch.setenv("MP_DATA_DIR", str(people.folder))
    assert run(["status"]) == 0
    assert "none yet" in capsys.readouterr().out
    crowd(3)
    people.read()
    people.read()

    run(["status"])

    output = capsys.readouterr().out
    assert "3 (complete snapshot " in output
    assert "increment " in output
