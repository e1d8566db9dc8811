"""The results of retention and frequency reports."""

from dataclasses import dataclass, field
from typing import Any

from mixpanel_data.types.base import OVERALL, Answer, Record, plain

Counts = dict[str, list[int]]
"""Date, then how many users were active at least once, twice, …"""


@dataclass(frozen=True, repr=False)
class CohortInfo(Record):
    """The users who started on ``date``: their number, and the share that returned in each period.

    ``retention[0]`` is the return within less than one period, so it is not 1.0 (Mixpanel's page on
    the retention query). Later cohorts have fewer periods, since their time has not ended.
    """

    date: str
    size: int
    retention: list[float] = field(default_factory=list)


@dataclass(frozen=True, repr=False)
class RetentionResult(Answer):
    """Cohorts by the ``unit`` in which users did ``born_event``, and their return by
    ``return_event``.

    ``return_event`` None means any event; ``born_event`` is None for recurring retention. Dates are
    ``YYYY-MM-DD`` in the project's time zone, ``from_date`` and ``to_date`` both included. Periods
    are counted from the first event of each user, not by the calendar. ``df`` has ``cohort_date``,
    ``cohort_size`` and a column for each period, ``period_0`` and so on; a period that has not
    begun is missing.
    """

    born_event: str | None
    return_event: str | None
    from_date: str
    to_date: str
    unit: str
    cohorts: list[CohortInfo] = field(default_factory=list)
    _segments: dict[str, list[CohortInfo]] = field(default_factory=dict, repr=False, kw_only=True)

    @property
    def segments(self) -> dict[str, list[CohortInfo]]:
        """The cohorts for each value of the property ``on``; ``cohorts`` may then be empty.

        Empty without ``on``.
        """
        return self._segments

    def to_dict(self) -> dict[str, Any]:
        """Return the fields like every result; ``segments`` only if there are any."""
        return super().to_dict() | ({"segments": plain(self._segments)} if self._segments else {})

    def _columns(self) -> list[str]:
        segment = ["segment"] if self._segments else []
        return [*segment, "cohort_date", "cohort_size", *self._periods()]

    def records(self) -> list[dict[str, Any]]:
        """Return the rows of ``df``, one a cohort.

        With segments, ``segment`` is the first column; ``$overall`` is all of them together.
        """
        if not self._segments:
            return [self._row(cohort) for cohort in self.cohorts]
        parts = {OVERALL: self.cohorts} | self._segments
        return [{"segment": name} | self._row(cohort) for name in parts for cohort in parts[name]]

    def _row(self, cohort: CohortInfo) -> dict[str, Any]:
        periods = self._periods()
        rates = dict(zip(periods, cohort.retention, strict=False))
        return (
            {"cohort_date": cohort.date, "cohort_size": cohort.size}
            | dict.fromkeys(periods)
            | rates
        )

    def _periods(self) -> list[str]:
        parts = [self.cohorts, *self._segments.values()]
        longest = max((len(cohort.retention) for part in parts for cohort in part), default=0)
        return [f"period_{n}" for n in range(longest)]


@dataclass(frozen=True, repr=False)
class FrequencyResult(Answer):
    """In how many hours or days of each ``unit`` users were active.

    ``data`` maps a date (project's time zone) to counts: the first is how many users were active in
    at least one ``addiction_unit``, the second in at least two, and so on (Mixpanel's page on the
    frequency query). ``df`` has ``date``, ``at_least_1``, ``at_least_2`` … ``event`` None means any
    event.
    """

    event: str | None
    from_date: str
    to_date: str
    unit: str
    addiction_unit: str
    data: Counts = field(default_factory=dict)
    _segments: dict[str, Counts] = field(default_factory=dict, repr=False, kw_only=True)

    @property
    def segments(self) -> dict[str, Counts]:
        """The data for each value of the property ``on``; ``data`` may then be empty.

        Empty without ``on``.
        """
        return self._segments

    def to_dict(self) -> dict[str, Any]:
        """Return the fields like every result; ``segments`` only if there are any."""
        return super().to_dict() | ({"segments": plain(self._segments)} if self._segments else {})

    def _columns(self) -> list[str]:
        segment = ["segment"] if self._segments else []
        return [*segment, "date", *self._thresholds()]

    def records(self) -> list[dict[str, Any]]:
        """Return the rows of ``df``, one a date.

        With segments, ``segment`` is the first column; ``$overall`` is all of them together.
        """
        if not self._segments:
            return [self._row(day, self.data[day]) for day in self.data]
        parts = {OVERALL: self.data} | self._segments
        return [
            {"segment": name} | self._row(day, counts)
            for name, data in parts.items()
            for day, counts in data.items()
        ]

    def _row(self, day: str, counts: list[int]) -> dict[str, Any]:
        thresholds = self._thresholds()
        known = dict(zip(thresholds, counts, strict=False))
        return {"date": day} | dict.fromkeys(thresholds) | known

    def _thresholds(self) -> list[str]:
        parts = [self.data, *self._segments.values()]
        longest = max((len(counts) for data in parts for counts in data.values()), default=0)
        return [f"at_least_{n}" for n in range(1, longest + 1)]
