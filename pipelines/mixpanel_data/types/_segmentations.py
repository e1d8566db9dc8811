"""Counts of events over time: whole, by segment, by value, in numeric buckets, summed and averaged.

Dates are those of the project's time zone (Mixpanel's reports use no other): ``YYYY-MM-DD``, with
the time of day for hours and minutes. ``from_date`` and ``to_date`` are both included. ``df`` has a
row for each date and segment, oldest first within a segment; its dates are the texts that Mixpanel
sends, which ``pandas.to_datetime`` understands.
"""

from dataclasses import dataclass, field
from typing import Any

from mixpanel_data.types.base import Answer, Number, Series, cells


@dataclass(frozen=True)
class SegmentationResult(Answer):
    """How often ``event`` happened, by date and segment.

    ``series`` goes from segment to date to count; without ``segment_property`` the one segment is
    the event's name. Dates without events count 0. ``total`` adds up all counts: with
    ``type="unique"`` that is no number of people, because somebody active on two days is in it
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


@dataclass(frozen=True)
class EventCountsResult(Answer):
    """How often each of ``events`` happened, by date. ``type``: ``general`` counts events,
    ``unique`` users, ``average`` events a user.

    ``df``: date, event, count.
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


@dataclass(frozen=True)
class PropertyCountsResult(Answer):
    """How often ``event`` happened with each value of ``property_name``, by date. ``type`` as in
    :class:`EventCountsResult`.

    ``df``: date, value, count.
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


@dataclass(frozen=True)
class NumericBucketResult(Answer):
    """How often ``event`` happened with ``property_expression`` in each bucket, such as ``2,000 -
    2,100``, by date.

    Mixpanel chooses the buckets. ``df``: date, bucket, count.
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


@dataclass(frozen=True)
class NumericSumResult(Answer):
    """The sum of ``property_expression`` over the events of each date; what is no number counts 0
    (Mixpanel's query OpenAPI file).

    ``df``: date, sum.
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


@dataclass(frozen=True)
class NumericAverageResult(Answer):
    """The mean of ``property_expression`` over the events of each date; what is no number counts 0
    (Mixpanel's query OpenAPI file).

    ``df``: date, average.
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
