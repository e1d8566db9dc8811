"""Profiles in the summary, the report and the status."""

import json

import pytest
from support.project import ENGAGE, seen_now

from mixpanel_data.cli.app import run
from mixpanel_data.cli.output.summary import summary_lines, warning_lines
from mixpanel_data.sync.status import read_status

GROUPS = {"companies": "1001"}


@pytest.fixture
def mp(project, monkeypatch, capsys):
    """Runs the command; gives its exit code and what it printed as JSON."""
    for name, value in {**project.sandbox.env(), "MP_DATA_DIR": str(project.folder)}.items():
        monkeypatch.setenv(name, value)

    def call(*arguments):
        code = run([*arguments, "--format", "json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def test_the_summary_distinguishes_a_snapshot_from_an_increment(project, crowd):
    crowd(3)
    project.set_profile("c", group="1001")
    first = summary_lines(project.read_profiles(groups=GROUPS))
    project.set_profile("u1", n="new", **{"$last_seen": seen_now()})
    second = summary_lines(project.read_profiles(groups=GROUPS))

    assert "Profiles   3, a complete snapshot; 1 of companies, a complete snapshot" in first
    [line] = [line for line in second if "seen since" in line]
    assert line.startswith("Profiles   1 seen since ")
    assert " UTC, 3 in all; " in line


def test_the_report_has_it_for_programs(project, crowd):
    crowd(3)
    project.read_profiles()

    report = project.read_profiles().to_dict()

    [read] = report["profile_reads"]
    assert (report["profiles"], read["fetched_rows"], read["snapshot_complete"]) == (3, 0, False)
    assert json.dumps(report)


def test_a_warning_is_above_the_summary(project):
    from mixpanel_data.sandbox import FaultKind

    project.break_engage(FaultKind.STATUS_402, text="Payment required")

    report = project.read_profiles()

    [line] = warning_lines(report)
    assert line.startswith("Warning: ")
    assert "left out" in line
    assert "Warnings   1, above" in summary_lines(report)


def test_status_shows_the_last_snapshot_and_the_last_increment(project, crowd):
    crowd(3)
    project.set_profile("c", group="1001")
    project.read_profiles(groups=GROUPS)
    project.set_profile("u9", **{"$last_seen": seen_now()})
    project.read_profiles(groups=GROUPS)

    status = read_status(project.settings())
    snapshot, increment = (
        moment
        for (moment,) in project.query(
            "SELECT fetched_at FROM mixpanel._metadata WHERE table_name = 'profiles' ORDER BY 1"
        )
    )

    assert (status.profiles, status.group_profiles) == (4, {"companies": 1})
    assert (status.last_snapshot, status.last_increment) == (snapshot, increment)
    assert status.to_dict()["last_increment"] == f"{increment.isoformat()}+00:00"


def test_full_profiles_by_the_command(mp, project, crowd):
    crowd(3)
    mp("sync", "--only", "profiles", "--no-build")
    project.remove_profile("u1")

    _, partial = mp("sync", "--only", "profiles", "--no-build")
    code, full = mp("sync", "--only", "profiles", "--no-build", "--full-profiles")

    assert [partial["profiles"], full["profiles"]] == [3, 2]
    assert code == 0
    assert project.loaded_profiles() == project.served_profiles()
    assert ["where" in call.form for call in project.sandbox.requests.to(ENGAGE)] == [
        False,
        True,
        False,
    ]


def test_status_by_the_command(mp, project, crowd, monkeypatch):
    monkeypatch.setenv("MP_GROUPS", "companies=1001")
    crowd(3)
    project.set_profile("c", group="1001")
    mp("sync", "--only", "profiles", "--no-build")

    _, status = mp("status")

    assert status["profiles"] == 3
    assert status["group_profiles"] == {"companies": 1}
    assert status["last_snapshot"]
    assert status["last_increment"] is None


def test_status_is_readable_before_and_after(project, crowd, capsys, monkeypatch):
    monkeypatch.setenv("MP_DATA_DIR", str(project.folder))
    assert run(["status"]) == 0
    assert "none: run `mp sync`" in capsys.readouterr().out
    crowd(3)
    project.read_profiles()
    project.read_profiles()

    run(["status"])

    output = capsys.readouterr().out
    assert "3 (complete snapshot " in output
    assert "increment " in output
