"""The history of runs over a data folder: when each began, and how it ended.

The ledger has what was loaded, so it has nothing of a run that loaded nothing. The file is in the
data folder, a JSON object a line, oldest first. It may be deleted at any time.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mixpanel_data._display import Displayed
from mixpanel_data._internal.data_folder.atomic_files import write_atomically
from mixpanel_data.exceptions import MixpanelDataError

KEPT = 400
"""Runs in the file: more than a year of daily ones."""

MOST_CHARACTERS = 1_000
"""Of an error's message. A dbt error has some, a server's answer may have many."""


@dataclass(frozen=True, repr=False)
class RunRecord(Displayed):
    """One run. Times are naive UTC; days are those of the project's export."""

    started_at: datetime
    ended_at: datetime | None = None
    """None while it runs, and for a run that was killed."""
    errors: tuple[tuple[str, str], ...] = ()
    """Code and message of each failure; none if the run succeeded."""
    from_date: str | None = None
    to_date: str | None = None
    days_loaded: int = 0
    days_missing: tuple[str, ...] = ()
    """Days that were due and did not arrive, as ISO texts."""
    events: int = 0
    requests: int = 0
    published: bool = False

    @property
    def ok(self) -> bool:
        """True if the run ended without a failure."""
        return self.ended_at is not None and not self.errors

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON; times are ISO texts, UTC."""
        return {
            **asdict(self),
            "started_at": _text(self.started_at),
            "ended_at": _text(self.ended_at) if self.ended_at else None,
            "errors": [{"code": code, "message": message} for code, message in self.errors],
            "days_missing": list(self.days_missing),
            "ok": self.ok,
        }


class RunHistory:
    """The file of a data folder. The caller of ``begin`` and ``end`` must hold the folder's
    lock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[RunRecord, ...]:
        """Return the runs, oldest first; lines that can't be read are left out."""
        with suppress(OSError):
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
            return tuple(record for line in lines if (record := _parse(line)))
        return ()

    def begin(self) -> RunRecord:
        """Append a run that begins now, and return it."""
        record = RunRecord(started_at=_now())
        self._write([*self.read(), record])
        return record

    def end(self, record: RunRecord, failures: Sequence[BaseException], **outcome: Any) -> None:
        """Put the run's outcome in place of its beginning."""
        ended = replace(
            record,
            ended_at=_now(),
            errors=tuple(_code_and_message(error) for error in failures),
            **outcome,
        )
        before = [other for other in self.read() if other.started_at != record.started_at]
        self._write([*before, ended])

    def _write(self, records: Sequence[RunRecord]) -> None:
        lines = [json.dumps(record.to_dict()) for record in records[-KEPT:]]
        # The history of a run must not be the reason why it fails.
        with suppress(OSError):
            write_atomically(self._path, "".join(f"{line}\n" for line in lines).encode())


def failures_in_a_row(records: Sequence[RunRecord]) -> int:
    """Return how many of the newest runs failed, or were killed, one after the other."""
    count = 0
    for record in reversed(records):
        if record.ok:
            break
        count += 1
    return count


def newest_success(records: Sequence[RunRecord]) -> RunRecord | None:
    """Return the newest run that succeeded."""
    return next((record for record in reversed(records) if record.ok), None)


def _code_and_message(error: BaseException) -> tuple[str, str]:
    code = error.code if isinstance(error, MixpanelDataError) else type(error).__name__
    return code, str(error)[:MOST_CHARACTERS]


def _parse(line: str) -> RunRecord | None:
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        fields = json.loads(line)
        fields.pop("ok")
        ended = fields["ended_at"]
        return RunRecord(
            **fields
            | {
                "started_at": _moment(fields["started_at"]),
                "ended_at": _moment(ended) if ended else None,
                "errors": tuple((error["code"], error["message"]) for error in fields["errors"]),
                "days_missing": tuple(fields["days_missing"]),
            }
        )
    return None


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=UTC).isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
