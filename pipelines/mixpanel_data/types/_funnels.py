"""How many get how far."""

from dataclasses import dataclass, field
from typing import Any

from mixpanel_data.types.base import OVERALL, Answer, Record, plain


@dataclass(frozen=True)
class FunnelStep(Record):
    """One step: how many reached it, and which share of those who reached the step before (1.0 for
    the first step)."""

    event: str
    count: int
    conversion_rate: float


@dataclass(frozen=True)
class FunnelResult(Answer):
    """A saved funnel over ``from_date`` to ``to_date`` (``YYYY-MM-DD``, both included, in the
    project's time zone).

    Counts are those of all dates together; people are dated by their first step, and later steps
    may lie after ``to_date`` (Mixpanel's query OpenAPI file). ``conversion_rate`` is the share of
    the first step that reached the last, from 0.0 to 1.0. ``funnel_name`` is None where nobody
    looked it up. ``raw`` holds the steps of each date and the times between them. ``df``: step,
    event, count, conversion_rate; ``segment`` before them where there are segments.
    """

    funnel_id: int
    funnel_name: str | None
    from_date: str
    to_date: str
    conversion_rate: float
    steps: list[FunnelStep] = field(default_factory=list)
    _segments: dict[str, list[FunnelStep]] = field(default_factory=dict, repr=False, kw_only=True)

    @property
    def segments(self) -> dict[str, list[FunnelStep]]:
        """The steps of each value of the property that ``on`` names; empty without ``on``."""
        return self._segments

    def to_dict(self) -> dict[str, Any]:
        """As of every result; ``segments`` only where there are some."""
        return super().to_dict() | ({"segments": plain(self._segments)} if self._segments else {})

    def _columns(self) -> list[str]:
        segment = ["segment"] if self._segments else []
        return [*segment, "step", "event", "count", "conversion_rate"]

    def records(self) -> list[dict[str, Any]]:
        """The rows of ``df``: a step each. With segments, ``segment`` comes first; ``$overall`` is
        all of them together."""
        if not self._segments:
            return _numbered(self.steps)
        parts = {OVERALL: self.steps} | self._segments
        return [{"segment": name, **row} for name in parts for row in _numbered(parts[name])]


def _numbered(steps: list[FunnelStep]) -> list[dict[str, Any]]:
    return [{"step": n, **step.to_dict()} for n, step in enumerate(steps, 1)]
