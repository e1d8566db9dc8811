"""The disk is full, at any step: a clear error, everything as it was, and with space the next run succeeds.

Full in two ways: by a limit on the size of files, which every system has, and by a small disk of memory, where this
machine lets us mount one.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from integration.locks.conftest import SyncedProject, assert_exit
from support.crash.points import Point, after, before

_OURS = "mixpanel_data._internal"

LOADING = {
    "budget": before(f"{_OURS}.api_client:MixpanelAPIClient.export"),
    "landing": before(f"{_OURS}.landing.body_verifier:BodyVerifier.feed"),
    "dlt's package": after("mixpanel_data.sources.files:add_to_manifest"),
    "transaction": before("mixpanel_data.destinations.replace_job:_replace_all_or_nothing"),
    "commit": after("mixpanel_data.destinations.ledger_rows:insert_ledger_rows"),
    "_dlt_loads": before("dlt.destinations.job_client_impl:SqlJobClientBase.complete_load"),
}
BUILDING = {
    "dbt": after(f"{_OURS}.publication.build_file:prepare_build_file"),
    "seal": before(f"{_OURS}.publication.publish:_finalize"),
}


@contextmanager
def _disk(folder: Path) -> Iterator[bool]:
    """Whether a small disk is mounted at ``folder`` until the block ends."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and not subprocess.run(mount, capture_output=True).returncode
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _ways() -> list[str]:
    with tempfile.TemporaryDirectory() as folder, _disk(Path(folder)) as mounted:
        return ["no room", "full"] if mounted else ["no room"]


WAYS = _ways()
SEED = int(os.environ["MP_TEST_SEED"])
# Which way a step is tried changes from day to day.
CASES = [(WAYS[(number + SEED) % len(WAYS)], name) for number, name in enumerate(LOADING)]


@pytest.fixture
def full(
    request: pytest.FixtureRequest, project: SyncedProject, tmp_path: Path
) -> Iterator[tuple[SyncedProject, str]]:
    """A project, and the event that leaves no room for its data folder."""
    if request.param == "no room":
        yield project, "no room"
        return
    disk = tmp_path / "disk"
    disk.mkdir()
    with _disk(disk):
        folder = Path(shutil.copytree(project.folder, disk / "data"))
        yield replace(project, folder=folder, mp=project.mp.at(folder)), "full"


@pytest.mark.parametrize(("full", "name"), CASES, indirect=["full"])
def test_no_room_to_land_or_load(full: tuple[SyncedProject, str], name: str) -> None:
    _assert_survives(*full, LOADING[name], "--no-build")


@pytest.mark.e2e
@pytest.mark.parametrize("full", WAYS[-1:], indirect=True)  # dbt takes long
@pytest.mark.parametrize("name", BUILDING)
def test_no_room_to_build_or_publish(full: tuple[SyncedProject, str], name: str) -> None:
    _assert_survives(*full, BUILDING[name])


def _assert_survives(project: SyncedProject, event: str, point: Point, *options: str) -> None:
    ended = project.mp.run(*project.sync_all, *options, at=point, event=event)

    assert_exit(ended, 1, str(project.folder))
    assert "free space on the disk" in ended.stderr.lower()
    project.assert_as_before()

    (project.folder / "ballast").unlink(missing_ok=True)
    project.assert_complete_after(build="--no-build" not in options)
