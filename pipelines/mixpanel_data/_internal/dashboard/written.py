"""What is returned for a file that the dashboard was written to."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WrittenDashboard:
    """The path of a dashboard that was written, and its size in bytes."""

    path: Path
    bytes: int
