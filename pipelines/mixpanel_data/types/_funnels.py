"""The results of funnels."""

from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from mixpanel_data.types.base import OVERALL, Answer, Record, Table, plain


@dataclass(frozen=True, repr=False)
class FunnelStep(Record):
    """One step: how many users reached it, and their share of those who reached the step before.

    The share of the first step is 1.0.
    """

    event: str
    count: int
    conversion_rate: float


@dataclass(frozen=True, repr=False)
class FunnelResult(Answer):
    """A saved funnel from ``from_date`` to ``to_date``.

    Dates are ``YYYY-MM-DD``, both included, in the project's time zone. Counts are totals over all
    dates; users count on the date of their first step, and later steps may be after ``to_date``
    (Mixpanel's query OpenAPI file). ``conversion_rate`` is the share of the first step that reached
    the last one, from 0.0 to 1.0. ``funnel_name`` is None if it was not looked up. ``raw`` has the
    steps of each date and the times between them. ``df``: step, event, count, conversion_rate;
    ``segment`` before them if there are segments.
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
        """The steps for each value of the property ``on``; empty without ``on``."""
        return self._segments

    def to_dict(self) -> dict[str, Any]:
        """Return the fields like every result; ``segments`` only if there are any."""
        return super().to_dict() | ({"segments": plain(self._segments)} if self._segments else {})

    def _columns(self) -> list[str]:
        segment = ["segment"] if self._segments else []
        return [*segment, "step", "event", "count", "conversion_rate"]

    def records(self) -> list[dict[str, Any]]:
        """Return the rows of ``df``, one a step.

        With segments, ``segment`` is the first column; ``$overall`` is all of them together.
        """
        if not self._segments:
            return _numbered(self.steps)
        parts = {OVERALL: self.steps} | self._segments
        return [{"segment": name, **row} for name in parts for row in _numbered(parts[name])]


@dataclass(frozen=True, repr=False)
class LocalFunnelStep(Record):
    """One step of a segment and period, with the columns of the table `funnels`.

    ``segment`` is None for all of them together; ``period_start`` is the first day of the period of
    the entry, None without a unit. ``entries`` are the attempts (with counting uniques, the users),
    ``reached`` those that reached this step; rates are shares from 0.0 to 1.0, None if nobody
    reached the step before. Times are in seconds, of those who reached the step. ``value_sum`` is the
    sum of the requested value over the events of the step, None without one. From ``rate_low`` to
    ``rate_high`` is Wilson's interval of ``rate_from_first``, 95 %. ``p_value`` is how probable a
    difference of this size to all other segments of the period is by chance (two-proportion z-test,
    two-sided); None without others. ``is_complete`` is true if no attempt may still go on.
    """

    segment: str | None
    period_start: date | None
    step_number: int
    step: str
    entries: int
    reached: int
    rate_from_first: float
    rate_from_previous: float | None
    median_seconds_from_first: float | None
    p90_seconds_from_first: float | None
    median_seconds_from_previous: float | None
    p90_seconds_from_previous: float | None
    value_sum: float | None
    rate_low: float
    rate_high: float
    p_value: float | None
    is_complete: bool


@dataclass(frozen=True, repr=False)
class LocalFunnelResult(Table):
    """A funnel over the published file, of entries from ``from_date`` to ``to_date``.

    Dates are ``YYYY-MM-DD``, both included, in the project's time zone; None if there is no limit.
    Attempts are dated by their first step; later ones may be after ``to_date``. ``df``: the fields
    of :class:`LocalFunnelStep`, all segments together first, then the largest one; no row if
    nobody entered.
    """

    by: str | None
    window_seconds: int
    counting: str
    from_date: str | None
    to_date: str | None
    unit: str | None
    steps: list[LocalFunnelStep] = field(default_factory=list)

    def _columns(self) -> list[str]:
        return [item.name for item in fields(LocalFunnelStep)]

    def records(self) -> list[dict[str, Any]]:
        return [{name: getattr(step, name) for name in self._columns()} for step in self.steps]


def _numbered(steps: list[FunnelStep]) -> list[dict[str, Any]]:
    return [{"step": n, **step.to_dict()} for n, step in enumerate(steps, 1)]
