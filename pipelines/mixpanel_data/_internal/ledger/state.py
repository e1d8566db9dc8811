"""What is loaded already: the ledger and the rejected lines of a destination."""

from dataclasses import dataclass
from typing import Protocol

from mixpanel_data._internal.data_folder.damage import require_raw
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.ledger.reader import Ledger, read_ledger
from mixpanel_data._internal.ledger.rejected_lines import rejected_lines, rejected_profiles
from mixpanel_data._internal.streams.windows import Window


class LoadedState(Protocol):
    """The state of one destination. A run plans from it, and from nothing else."""

    def read_ledger(self) -> Ledger:
        """Return the ledger as it is now."""

    def rejected_lines(self, window: Window) -> set[str]:
        """Return the lines of events that were rejected in fetches of any day of ``window``."""

    def rejected_profiles(self, kind: str) -> set[str]:
        """Return the rejected profiles; ``kind`` is ``profiles`` or ``group_profiles``."""


@dataclass(frozen=True)
class RawDatabase:
    """The state in the raw database of a data folder."""

    folder: DataFolder

    def read_ledger(self) -> Ledger:
        """Return the ledger as it is now.

        Raises:
            DatabaseDamagedError, DatabaseMissingError: if the raw database can't be read, or is
                missing.
        """
        require_raw(self.folder)
        return read_ledger(self.folder.raw)

    def rejected_lines(self, window: Window) -> set[str]:
        """Return the lines of events that were rejected in fetches of any day of ``window``."""
        return rejected_lines(self.folder.raw, window)

    def rejected_profiles(self, kind: str) -> set[str]:
        """Return the rejected profiles; ``kind`` is ``profiles`` or ``group_profiles``."""
        return rejected_profiles(self.folder.raw, kind)
