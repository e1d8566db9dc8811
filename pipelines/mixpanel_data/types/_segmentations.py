"""Counts of events over time: in total, by segment, by value, in numeric buckets, summed, averaged.

Dates are those of the project's time zone (Mixpanel's reports use no other): ``YYYY-MM-DD``, with
the time of day for hours and minutes. ``from_date`` and ``to_date`` are both included. ``df`` has a
row for each date and segment, oldest first within a segment; its dates are the texts that Mixpanel
sends, which ``pandas.to_datetime`` can parse.
"""

from dataclasses import dataclass, field
from typing import Any

from mixpanel_data.types.base import Answer, Number, Series, cells


@dataclass(frozen=True, repr=False)
class SegmentationResult(Answer):
    """How often ``event`` occurred, by date and segment.

    ``series`` maps segments to dates to counts; without ``segment_property`` the only segment is
    the event's name. Dates without events have the count 0. ``total`` is the sum of all counts:
    with ``type="unique"`` it is not a number of users, since a user active on two days counts
    twice. ``df``: date, segment, count.
    """

    event: str
    from_date: str
    to_date: str
    unit: str
    segment_property: str | None
    total: Number
    series: Series = field(default_factory=dict)

    def _columns(self) -> list[str]:
        return ["date", "segment", "count"]

    def records(self) -> list[dict[str, Any]]:
        return cells(self.series, "segment", "count")


@dataclass(frozen=True, repr=False)
class EventCountsResult(Answer):
    """How often each of ``events`` occurred, by date.

    ``type``: ``general`` counts events, ``unique`` users, ``average`` events a user. ``df``: date,
    event, count.
    """

    events: list[str]
    from_date: str
    to_date: str
    unit: str
    type: str
    series: Series = field(default_factory=dict)

    def _columns(self) -> list[str]:
        return ["date", "event", "count"]

    def records(self) -> list[dict[str, Any]]:
        return cells(self.series, "event", "count")


@dataclass(frozen=True, repr=False)
class PropertyCountsResult(Answer):
    """How often ``event`` occurred with each value of ``property_name``, by date.

    ``type`` as in :class:`EventCountsResult`. ``df``: date, value, count.
    """

    event: str
    property_name: str
    from_date: str
    to_date: str
    unit: str
    type: str
    series: Series = field(default_factory=dict)

    def _columns(self) -> list[str]:
        return ["date", "value", "count"]

    def records(self) -> list[dict[str, Any]]:
        return cells(self.series, "value", "count")


@dataclass(frozen=True, repr=False)
class NumericBucketResult(Answer):
    """How often ``event`` occurred with ``property_expression`` in each bucket, by date.

    Mixpanel chooses the buckets, such as ``2,000 - 2,100``. ``df``: date, bucket, count.
    """

    event: str
    from_date: str
    to_date: str
    unit: str
    property_expression: str
    series: Series = field(default_factory=dict)

    def _columns(self) -> list[str]:
        return ["date", "bucket", "count"]

    def records(self) -> list[dict[str, Any]]:
        return cells(self.series, "bucket", "count")


@dataclass(frozen=True, repr=False)
class NumericSumResult(Answer):
    """The sum of ``property_expression`` over the events of each date.

    Values other than numbers count 0 (Mixpanel's query OpenAPI file). ``df``: date, sum.
    """

    event: str
    from_date: str
    to_date: str
    unit: str
    property_expression: str
    results: dict[str, Number] = field(default_factory=dict)
    computed_at: str | None = None

    def _columns(self) -> list[str]:
        return ["date", "sum"]

    def records(self) -> list[dict[str, Any]]:
        return [{"date": day, "sum": number} for day, number in self.results.items()]


@dataclass(frozen=True, repr=False)
class NumericAverageResult(Answer):
    """The mean of ``property_expression`` over the events of each date.

    Values other than numbers count 0 (Mixpanel's query OpenAPI file). ``df``: date, average.
    """

    event: str
    from_date: str
    to_date: str
    unit: str
    property_expression: str
    results: dict[str, Number] = field(default_factory=dict)

    def _columns(self) -> list[str]:
        return ["date", "average"]

    def records(self) -> list[dict[str, Any]]:
        return [{"date": day, "average": number} for day, number in self.results.items()]
