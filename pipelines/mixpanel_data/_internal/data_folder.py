"""Where everything lies. One setting, MP_DATA_DIR, and from it every path, always absolute."""

from dataclasses import dataclass
from pathlib import Path

from mixpanel_data._internal.machine_errors import explained


@dataclass(frozen=True)
class DataFolder:
    """The folder that holds one Mixpanel project's data."""

    root: Path

    @classmethod
    def at(cls, root: Path | str) -> "DataFolder":
        """The folder at ``root``, which need not exist yet; relative paths count from the working directory."""
        return cls(Path(root).expanduser().resolve())

    @property
    def raw(self) -> Path:
        """The database dlt writes: raw tables and the ledger. dbt attaches it read-only."""
        return self.root / "raw.duckdb"

    @property
    def published(self) -> Path:
        """The database readers open. It is only ever replaced as a whole."""
        return self.root / "mixpanel.duckdb"

    @property
    def workspace(self) -> Path:
        """The database that workspaces put what they fetch into."""
        return self.root / "workspace.duckdb"

    @property
    def export(self) -> Path:
        """Parquet files of published tables, unless another folder is asked for."""
        return self.root / "export"

    @property
    def build(self) -> Path:
        """dbt's targets and logs. Nobody else opens these."""
        return self.root / "build"

    @property
    def landing(self) -> Path:
        """Verified bodies that await their load, and what was set aside."""
        return self.root / "landing"

    @property
    def dlt(self) -> Path:
        """dlt's working folder. It may be lost at any time."""
        return self.root / "dlt"

    @property
    def budget(self) -> Path:
        """What was asked of Mixpanel in the last hour. Lost, it is begun anew, as if nothing had been asked."""
        return self.root / "budget"

    @property
    def lock(self) -> Path:
        """The file lock around load, build and publish."""
        return self.root / ".lock"

    def create(self) -> "DataFolder":
        """Itself, with its folders made.

        Raises:
            StorageError: the machine refuses that.
        """
        with explained(self.root):
            for folder in (self.root, self.build, self.landing, self.dlt):
                folder.mkdir(parents=True, exist_ok=True)
        return self
