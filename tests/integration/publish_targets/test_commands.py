"""The commands over publish targets, as a user runs them; and syncs that copy."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support import parquet_reader, warm_mp
from support.publication import PublishedFolder

from mixpanel_data.cli.app import run
from mixpanel_data.exceptions import PublishTargetError
from mixpanel_data.sandbox import Dataset, Sandbox
from mixpanel_data.sync import sync

pytestmark = pytest.mark.usefixtures("started_mp")

DISK = {"kind": "parquet", "path": "out"}


def mp(made: PublishedFolder, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs ``mp`` in the project."""
    return warm_mp.run(arguments, env={**made.environment, **env}, cwd=Path.cwd(), timeout=120)


def test_publish_prints_what_it_did(made):
    made.publish(1)

    done = mp(made, "publish", "--to", "disk", "--format", "json")

    assert done.returncode == 0, done.stderr
    (copy,) = json.loads(done.stdout)
    assert (copy["target"], copy["rows"], copy["written_rows"], copy["is_new"]) == (
        "disk",
        146,
        146,
        True,
    )
    second = mp(made, "publish", "--to", "disk", "--only-if-new")
    assert "disk has this publication already" in second.stderr
    assert "disk" in second.stdout


def test_one_target_that_fails_does_not_keep_the_others_from_their_copy(made):
    made.configure(disk=DISK, blocked={"kind": "parquet", "path": ".dlt/config.toml/x"})
    made.publish(1)

    done = mp(made, "publish", "--to", "blocked", "--to", "disk")

    assert done.returncode == 9
    assert "Error: Publish target blocked" in done.stderr
    assert parquet_reader.rows(made.root / "out", "select count(*) from t") == [(72,)]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--to", "dsk"], 3, "Did you mean disk?"),
        ([], 3, "Configured are: disk."),
    ],
)
def test_a_wrong_or_missing_name_shows_the_names(made, arguments, code, message):
    made.publish(1)

    done = mp(made, "publish", *arguments)

    assert done.returncode == code
    assert message in done.stderr


def test_without_a_publication_it_is_not_found(made):
    done = mp(made, "publish", "--to", "disk", "--format", "json")

    assert done.returncode == 4
    assert json.loads(done.stderr.splitlines()[-1])["code"] == "NOTHING_PUBLISHED"


def test_doctor_reaches_each_target(made):
    made.configure(
        disk=DISK,
        wrong={"kind": "parquet"},
        gone={"kind": "postgres", "url": "postgresql://loader:hunter22@127.0.0.1:1/x"},
    )

    done = mp(made, "doctor", "--format", "json")

    rows = {row["what"]: row["value"] for row in json.loads(done.stdout)}
    assert "can be written" in rows["publish target disk"]
    assert "`path` is missing" in rows["publish target wrong"]
    assert rows["publish target gone"].startswith(("CONFIG_ERROR: ", "PUBLISH_TARGET_FAILED: "))
    assert "hunter22" not in done.stdout + done.stderr


def test_a_missing_library_is_named_with_its_extra(made, tmp_path):
    # An empty folder in place of the library, so that the test means the same in every environment.
    for name in ("psycopg2", "s3fs"):
        (tmp_path / f"{name}.py").write_text("raise ImportError")
    made.configure(
        pg={"kind": "postgres", "url": "postgresql://127.0.0.1:1/x"},
        lake={"kind": "parquet", "path": "s3://bucket/x"},
    )
    made.publish(1)

    for name, extra in (("pg", "postgres"), ("lake", "s3")):
        done = mp(made, "publish", "--to", name, PYTHONPATH=str(tmp_path))
        assert done.returncode == 3
        assert f"pip install 'mixpanel-data[{extra}]'" in done.stderr


class Synced:
    """A project with a small sandbox."""

    def __init__(
        self, made: PublishedFolder, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
    ) -> None:
        self.made = made
        monkeypatch.setenv("MP_PROJECT_DIR", str(made.root))
        for name, value in sandbox.env().items():
            monkeypatch.setenv(name, value)

    def sync(self, **options: Any) -> Any:
        return sync(**options)


@pytest.fixture
def synced(made, monkeypatch, only_core):
    with Sandbox(Dataset.sample(days=2, users=10)) as sandbox:
        yield Synced(made, monkeypatch, sandbox)


def test_a_sync_copies_to_targets_and_one_that_fails_gets_its_copy_from_the_next(synced):
    made = synced.made
    made.configure(
        blocked={**DISK, "path": "file/out", "after_sync": True},
        disk={**DISK, "after_sync": True},
        other={**DISK, "path": "other"},
    )
    (made.root / "file").write_text("")

    report = synced.sync()

    assert report.failures == []
    assert [error.target for error in report.failed_copies] == ["blocked"]
    with pytest.raises(ExceptionGroup, match="published, but not copied") as raised:
        report.raise_failures()
    assert isinstance(raised.value.exceptions[0], PublishTargetError)
    (copy,) = report.copies
    assert (copy.target, copy.is_new) == ("disk", True)
    events = copy.tables["events"]
    assert events == report.published.tables["events"] > 0
    assert parquet_reader.rows(made.root / "out", "select count(*) from t") == [(events,)]
    assert not (made.root / "other").exists()
    assert report.to_dict()["copies"][0]["target"] == "disk"

    (made.root / "file").unlink()
    second = synced.sync(fetch=False)

    second.raise_failures()
    assert [(copy.target, copy.is_new) for copy in second.copies] == [
        ("blocked", True),
        ("disk", False),
    ]


def test_the_command_ends_with_9_and_says_why_and_status_keeps_it(synced, capsys):
    made = synced.made
    made.configure(
        blocked={**DISK, "path": "file/out", "after_sync": True}, disk={**DISK, "after_sync": True}
    )
    (made.root / "file").write_text("")

    code = run(["sync"])

    printed = capsys.readouterr().err
    assert code == 9, printed
    assert "copied to disk; NOT copied to blocked, reasons follow" in printed
    assert "Error: Publish target blocked" in printed
    assert (made.data / "mixpanel.duckdb").is_file()
    assert run(["status", "--format", "json"]) == 0
    blocked, disk = json.loads(capsys.readouterr().out)["publish_targets"]
    assert (blocked["target"], blocked["published_at"]) == ("blocked", None)
    assert "Not a directory" in blocked["failure"]
    assert disk["published_at"].endswith("+00:00")
    assert disk["rows"] > 0
    assert run(["status"]) == 0
    assert "never; FAILED since then" in capsys.readouterr().out


def test_a_wrong_setting_of_a_target_ends_a_sync_before_the_first_request(synced, capsys):
    synced.made.configure(disk={"kind": "parquet", "after_sync": True})

    assert run(["sync"]) == 3

    assert "Publish target disk can't be used: `path` is missing" in capsys.readouterr().err
    assert not (synced.made.data / "raw.duckdb").exists()
