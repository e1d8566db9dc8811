"""What was published last, in a file of our own: readers can't reach it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.atomic_files import write_atomically
from mixpanel_data._internal.data_folder.paths import DataFolder


@dataclass
class Record:
    """``digest`` is that of the file's bytes; ``identity`` is what its file system says of it."""

    digest: str
    built_at: str
    identity: list[int] = field(default_factory=list)
    row_groups: dict[str, list[str]] = field(default_factory=dict)
    """By table, the digests of the row groups that were read back."""
    duckdb: str = duckdb.__version__
    """The version that read them."""
    next_digest: str = ""
    """Of the file that a publication is about to put in place."""

    def known(self, table: str) -> frozenset[str]:
        """The row groups of a table that this DuckDB has read back."""
        return frozenset(
            self.row_groups.get(table, ()) if self.duckdb == duckdb.__version__ else ()
        )


def read(folder: DataFolder) -> Record | None:
    """The record of the last publication; None when there is none, or none that can be read."""
    try:
        return Record(**json.loads(_path(folder).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def write(folder: DataFolder, record: Record) -> None:
    """Keep ``record`` in place of an older one."""
    path = _path(folder)
    content = json.dumps(asdict(record)).encode()
    write_atomically(path, content, temporary=path.with_suffix(".part"))


def _path(folder: DataFolder) -> Path:
    return folder.build / "published.json"
