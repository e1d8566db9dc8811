"""A landed file counts only with a note that is ours, and a note is never about another file."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mixpanel_data._internal.landing.files import Landed, LandingFolder, Reject
from mixpanel_data._internal.streams.windows import Window

DAY = Window(date(2026, 1, 1), date(2026, 1, 2))


@pytest.fixture
def folder(tmp_path: Path) -> LandingFolder:
    return LandingFolder(tmp_path / "landing", project="1", region="us")


@pytest.fixture
def landed(folder: LandingFolder) -> Landed:
    path = folder.path_for("events", DAY)
    path.write_bytes(b"{}\n")
    return Landed(
        path=path, kind="events", window=DAY, lines=1, size=3, requests=1,
        fetched_at=datetime(2026, 1, 3, tzinfo=UTC), duration_seconds=1.5, raw_size=3,
        rejects=(Reject(2, "x", "not valid JSON"),),
        request={"request_method": "GET", "request_params": {"from_date": "2026-01-01"}},
    ).save()  # fmt: skip


def test_a_note_is_read_as_it_was_written(folder: LandingFolder, landed: Landed) -> None:
    assert folder.verified_files("events") == [landed]


def test_the_note_of_an_earlier_version_has_no_request(
    folder: LandingFolder, landed: Landed
) -> None:
    content = landed.to_json()
    del content["request"]
    landed.note.write_text(json.dumps(content))

    assert [file.request for file in folder.verified_files("events")] == [{}]


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no object": lambda _: None,
    "a list": lambda _: [1],
    "a number that is a text": lambda note: {**note, "lines": "1"},
    "a number that is a float": lambda note: {**note, "raw_size": 3.0},
    "a number that is true": lambda note: {**note, "requests": True},
    "a time without a zone": lambda note: {**note, "fetched_at": "2026-01-03T00:00:00"},
    "days in the wrong order": lambda note: {**note, "window": ["2026-01-02", "2026-01-01"]},
    "another kind": lambda note: {**note, "kind": "profiles"},
    "a kind that is a list": lambda note: {**note, "kind": []},
    "rejects that are a number": lambda note: {**note, "rejects": 5},
    "a reject that is a text": lambda note: {**note, "rejects": ["x"]},
    "a reject without a reason": lambda note: {**note, "rejects": [{"line_number": 1}]},
    "a request that is a text": lambda note: {**note, "request": "GET"},
    "a request with unknown parts": lambda note: {**note, "request": {"reason": "x"}},
    "a duration that is a text": lambda note: {**note, "duration_seconds": "x"},
    "unknown keys": lambda note: {**note, "more": 1},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_note_that_is_not_ours_does_not_count(
    folder: LandingFolder, landed: Landed, change: str
) -> None:
    landed.note.write_text(json.dumps(CHANGES[change](landed.to_json())))

    assert folder.verified_files("events") == []
    folder.remove_leftovers()
    assert not landed.path.exists()


@pytest.mark.parametrize("absolute", [True, False])
def test_a_note_about_a_file_elsewhere_does_not_count(
    folder: LandingFolder, landed: Landed, tmp_path: Path, absolute: bool
) -> None:
    """Otherwise that file would be loaded, and deleted."""
    theirs = tmp_path / "precious.ndjson"
    theirs.write_bytes(b"{}\n")
    name = str(theirs) if absolute else "../../../precious.ndjson"
    landed.note.write_text(json.dumps({**landed.to_json(), "path": name}))
    assert (landed.path.parent / name).resolve() == theirs

    assert folder.verified_files("events") == []
    folder.remove_leftovers()
    assert theirs.read_bytes() == b"{}\n"
