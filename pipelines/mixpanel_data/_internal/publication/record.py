"""The record of the last publication, in a file that readers do not use."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb
from pydantic import TypeAdapter

from mixpanel_data._internal.data_folder.atomic_files import write_atomically
from mixpanel_data._internal.data_folder.paths import DataFolder


@dataclass
class PublicationRecord:
    """``digest`` is that of the file's bytes; ``identity`` has attributes from its file system."""

    digest: str
    built_at: str
    identity: list[int] = field(default_factory=list)
    row_groups: dict[str, list[str]] = field(default_factory=dict)
    """By table, the digests of the row groups that were read back."""
    duckdb: str = duckdb.__version__
    """The version that read them."""
    next_digest: str = ""
    """The digest of the file that a publication is about to put in place."""

    def known(self, table: str) -> frozenset[str]:
        """Return the row groups of a table that this version of DuckDB has read back."""
        return frozenset(
            self.row_groups.get(table, ()) if self.duckdb == duckdb.__version__ else ()
        )


_RECORD = TypeAdapter(PublicationRecord)


def read_record(folder: DataFolder) -> PublicationRecord | None:
    """Return the record of the last publication; None if there is none, or it is unreadable."""
    try:
        return _RECORD.validate_json(_record_path(folder).read_bytes())
    except (OSError, ValueError):
        return None


def write_record(folder: DataFolder, record: PublicationRecord) -> None:
    """Write ``record`` in place of an older one."""
    path = _record_path(folder)
    content = json.dumps(asdict(record)).encode()
    write_atomically(path, content, temporary=path.with_suffix(".part"))


def _record_path(folder: DataFolder) -> Path:
    return folder.build / "published.json"
