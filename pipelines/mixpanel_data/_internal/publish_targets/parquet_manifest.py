"""The manifest of a Parquet target: the publication, and the files of each table."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

FILE_NAME = "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ManifestFile(_Part):
    """A file: its path relative to the manifest, and what it holds."""

    path: str
    rows: int
    bytes: int
    sha256: str
    day: str | None = None
    """The day of its rows; None if the table has no files by day, and for rows without a day."""
    row_hash: str
    """The sum of the hashes of its rows, by the DuckDB of the manifest."""


class ManifestColumn(_Part):
    """A column, with its type in the files, as DuckDB names it."""

    name: str
    type: str
    comment: str | None = None


class ManifestTable(_Part):
    """A table. ``day_column`` is that by which it has files; None if it is written whole."""

    rows: int
    comment: str | None = None
    day_column: str | None = None
    columns: list[ManifestColumn]
    files: list[ManifestFile]


class FormerFile(_Part):
    """A file that the publication has no more, and when that was, in UTC."""

    path: str
    replaced_at: datetime


class Manifest(_Part):
    """What readers of the files begin with. It is written last."""

    format: Literal["mixpanel_data publication 1"] = "mixpanel_data publication 1"
    publication: str
    built_at: datetime
    published_at: datetime
    duckdb: str
    tables: dict[str, ManifestTable]
    former_files: list[FormerFile] = []

    def paths(self) -> set[str]:
        """Return the paths of the files of all tables."""
        return {file.path for table in self.tables.values() for file in table.files}

    def former_after(self, former: "Manifest | None", keep_seconds: float) -> list[FormerFile]:
        """Return the files of earlier publications that are to stay for their readers."""
        if former is None:
            return []
        now = datetime.now(UTC)
        since = {file.path: file.replaced_at for file in former.former_files}
        for path in former.paths():
            since.setdefault(path, now)
        current = self.paths()
        return [
            FormerFile(path=path, replaced_at=when)
            for path, when in sorted(since.items())
            if path not in current and (now - when).total_seconds() < keep_seconds
        ]


def parse_manifest(content: bytes) -> Manifest | None:
    """Return the manifest; None if ``content`` is none."""
    try:
        return Manifest.model_validate_json(content)
    except ValidationError:
        return None
