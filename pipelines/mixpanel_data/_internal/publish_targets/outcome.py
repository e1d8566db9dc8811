"""What a copy to a publish target did, and the record of the last one."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from mixpanel_data._display import Displayed
from mixpanel_data._internal.data_folder.atomic_files import write_atomically
from mixpanel_data._internal.data_folder.paths import DataFolder


@dataclass(frozen=True, repr=False)
class TargetCopy(Displayed):
    """A copy of the publication in a publish target, verified there."""

    target: str
    """The name of the target."""
    kind: str
    place: str
    """Where it is, without secrets."""
    publication: str
    """The id of the publication; it is equal for copies of the same build."""
    tables: dict[str, int]
    """The tables and their numbers of rows."""
    written_rows: int
    """Rows that were written. Parquet targets keep the files of days that did not change."""
    written_files: int = 0
    """Files that were written; 0 for a database."""
    seconds: float = 0.0
    is_new: bool = True
    """False if the target had this publication already, so that nothing was done."""
    warnings: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """The number of rows of all tables."""
        return sum(self.tables.values())

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON."""
        return {**asdict(self), "rows": self.rows, "seconds": round(self.seconds, 2)}


@dataclass(frozen=True)
class TargetRecord:
    """The last copy to a target, and the last failure since then. Times are ISO texts, UTC."""

    target: str
    kind: str | None = None
    place: str | None = None
    publication: str | None = None
    published_at: str | None = None
    tables: int = 0
    rows: int = 0
    failed_at: str | None = None
    failure: str | None = None


_RECORD = TypeAdapter(TargetRecord)


def read_target_record(folder: DataFolder, target: str) -> TargetRecord | None:
    """Return the record of a target; None if there is none, or it is unreadable.

    Args:
        folder: The data folder.
        target: Name of the target.
    """
    try:
        return _RECORD.validate_json(_path(folder, target).read_bytes())
    except (OSError, ValueError):
        return None


def record_copy(folder: DataFolder, copy: TargetCopy) -> None:
    """Record a copy that was made, or found."""
    former = read_target_record(folder, copy.target)
    same = former and former.publication == copy.publication and not copy.is_new
    _write(
        folder,
        TargetRecord(
            target=copy.target,
            kind=copy.kind,
            place=copy.place,
            publication=copy.publication,
            published_at=former.published_at if former and same else _now(),
            tables=len(copy.tables),
            rows=copy.rows,
        ),
    )


def record_failure(folder: DataFolder, target: str, kind: str, place: str, message: str) -> None:
    """Record a failure; the last copy stays in the record."""
    former = read_target_record(folder, target) or TargetRecord(target, kind, place)
    values = asdict(former) | {"failed_at": _now(), "failure": message}
    _write(folder, TargetRecord(**values))


def _write(folder: DataFolder, record: TargetRecord) -> None:
    path = _path(folder, record.target)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, json.dumps(asdict(record)).encode())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _path(folder: DataFolder, target: str) -> Path:
    return folder.build / "publish_targets" / f"{target}.json"
