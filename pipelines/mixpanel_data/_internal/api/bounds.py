"""What a server may make this process hold, and for how long.

Each bound is a setting, named beside it, and is listed in docs/bounds.md. What goes beyond one is
an error that names it.
"""

from dataclasses import dataclass

from mixpanel_data._internal.text import GB, MB
from mixpanel_data.exceptions import IncompleteExportError

SPAN_SECONDS = 600.0
"""The lowest rate must be reached on average over each span of so much waiting."""

ERROR_BODY = 65_536
"""Bytes that are read of the body of an error. Not a setting: no more than 2,000 characters are
kept."""

SPARE_MEMBERS = 1_000
"""Gzip members of a body, besides one for each KiB of content. Not a setting: one is usual."""

BEYOND = frozenset(
    {"line too long", "answer too large", "too many values", "export too large", "too slow",
     "too many gzip members", "unknown encoding", "repeated page", "more profiles than total",
     "unusable session"}
)  # fmt: skip
"""Reasons of an IncompleteExportError that another try can't cure."""


@dataclass(frozen=True)
class Bounds:
    """Sizes are bytes after decompression, times are seconds spent waiting for the server."""

    line: int = 64 * MB
    """One line of an export (MP_MAX_LINE_SIZE)."""
    export: int = 100 * GB
    """One export, which goes to disk (MP_MAX_EXPORT_SIZE)."""
    answer: int = 24 * MB
    """Any other answer, which is held in memory (MP_MAX_ANSWER_SIZE)."""
    values: int = 1_000_000
    """JSON values in such an answer, by its commas and opening brackets (MP_MAX_ANSWER_VALUES)."""
    export_seconds: float = 6 * 3600.0
    """One export (MP_MAX_EXPORT_TIME)."""
    answer_seconds: float = 900.0
    """Any other answer (MP_MAX_ANSWER_TIME)."""
    lowest_rate: int = 100
    """Bytes a second of a body, on average over ten minutes (MP_LOWEST_RATE)."""


def beyond(reason: str, explanation: str, setting: str = "") -> IncompleteExportError:
    """The error for an answer beyond a bound; ``setting`` is the variable that moves it."""
    said = f"{explanation} {setting} allows more." if setting else explanation
    return IncompleteExportError(said, reason=reason, details={"setting": setting or None})
