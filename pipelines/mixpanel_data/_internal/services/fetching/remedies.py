"""Adds to errors of a fetch or a stream what was stored or yielded, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from mixpanel_data._internal.services.fetching.record_stream import Findings
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import IncompleteExportError, MixpanelDataError

NOTHING_STORED = "Nothing was stored; refetch it."
NOTHING_YIELDED = "The stream yielded nothing; reread it."


@contextmanager
def incomplete_remedy(remedy: str) -> Iterator[None]:
    """Replace the advice of an IncompleteExportError, which is about a sync, with ``remedy``."""
    try:
        yield
    except IncompleteExportError as error:
        raise _with_remedy(error, remedy) from None


def _with_remedy(error: IncompleteExportError, remedy: str) -> IncompleteExportError:
    explanation = str(error.details.get("explanation") or "")
    return IncompleteExportError(
        explanation,
        reason=error.reason,
        from_date=error.from_date,
        to_date=error.to_date,
        remedy=remedy,
        details=error.details,
    )


@dataclass
class EventStreamProgress:
    """The days of an event stream that were yielded completely."""

    window: Window
    found: Findings
    complete_to: date | None = None

    @property
    def resume_from(self) -> date:
        """The first day that is not complete."""
        return self.complete_to + timedelta(days=1) if self.complete_to else self.window.first

    def remedy(self) -> str:
        """Return what was yielded, and how to read the rest."""
        days = f"from {self.resume_from} to {self.window.last}"
        if self.complete_to is None:
            return f"The stream yielded nothing; reread it {days}."
        return (
            f"The stream yielded {self.found.yielded:,} events before, all of {self.window.first} "
            f"to {self.complete_to}; read the others {days}."
        )

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Add to errors of the block what was yielded, and the day to resume from."""
        try:
            yield
        except MixpanelDataError as error:
            error.details |= {
                "yielded": self.found.yielded,
                "resume_from": self.resume_from.isoformat(),
            }
            if isinstance(error, IncompleteExportError):
                raise _with_remedy(error, self.remedy()) from None
            error.add_note(self.remedy())
            raise
