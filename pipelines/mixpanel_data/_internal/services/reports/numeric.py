"""Segmentation by a number: in buckets, summed, averaged."""

from contextlib import AbstractContextManager
from typing import Any, Literal

from mixpanel_data._internal.services.discovery import COUNTS
from mixpanel_data._internal.services.query_api.answers import (
    any_nonzero,
    numbers_by_date,
    optional_text,
    parse_series,
    require_object,
)
from mixpanel_data._internal.services.query_api.arguments import (
    Day,
    DayRange,
    day_range,
    reject_hourly_uniques,
    require_choice,
)
from mixpanel_data._internal.services.query_api.expressions import as_expression
from mixpanel_data._internal.services.reports.base import ReportQueries
from mixpanel_data._internal.services.reports.segmentation import CountType
from mixpanel_data.types import NumericAverageResult, NumericBucketResult, NumericSumResult

NumericUnit = Literal["hour", "day"]
_UNITS = ("hour", "day")


class NumericQueries(ReportQueries):
    """The reports below ``/segmentation``.

    ``on`` is a property's name or an expression; days are those of the project's zone.
    """

    def numeric_buckets(
        self,
        event: str,
        from_date: Day,
        to_date: Day,
        *,
        on: str,
        unit: NumericUnit = "day",
        where: str | None = None,
        type: CountType = "general",
    ) -> NumericBucketResult:
        """Return how often ``event`` occurred with the number ``on`` in each of Mixpanel's buckets.

        ``type``: ``general`` counts events, ``unique`` users, ``average`` events a user. Raises
        like ``segmentation``.

        Args:
            event: Name of the event.
            from_date: First day, a date or ``YYYY-MM-DD``, in the project's time zone.
            to_date: Last day, included.
            on: Name of a numeric property, or an expression.
            unit: ``hour`` or ``day``.
            where: An expression of Mixpanel's segmentation language that the events must match.
            type: ``general`` counts events, ``unique`` users, ``average`` events a user.
        """
        reject_hourly_uniques(
            require_choice("type", type, COUNTS), require_choice("unit", unit, _UNITS)
        )
        days = day_range(from_date, to_date)
        with self._numeric("numeric", event, days, on, unit, where, type=type) as answer:
            counts = parse_series(answer, zeros=type != "average")
            self._raise_for_misspelled(any_nonzero(counts.values()), event)
            return NumericBucketResult(event, *days, unit, on, counts, _data=answer)

    def numeric_sum(
        self,
        event: str,
        from_date: Day,
        to_date: Day,
        *,
        on: str,
        unit: NumericUnit = "day",
        where: str | None = None,
    ) -> NumericSumResult:
        """Return the sum of ``on`` over the events of each ``unit``; values other than numbers
        count 0.

        Raises like ``segmentation``.

        Args:
            event: Name of the event.
            from_date: First day, a date or ``YYYY-MM-DD``, in the project's time zone.
            to_date: Last day, included.
            on: Name of a numeric property, or an expression.
            unit: ``hour`` or ``day``.
            where: An expression of Mixpanel's segmentation language that the events must match.
        """
        days = day_range(from_date, to_date)
        with self._numeric("sum", event, days, on, unit, where) as answer:
            sums = numbers_by_date(require_object(answer, "results"))
            self._raise_for_misspelled(any_nonzero([sums]), event)
            computed_at = optional_text(answer.get("computed_at"))
            return NumericSumResult(event, *days, unit, on, sums, computed_at, _data=answer)

    def numeric_average(
        self,
        event: str,
        from_date: Day,
        to_date: Day,
        *,
        on: str,
        unit: NumericUnit = "day",
        where: str | None = None,
    ) -> NumericAverageResult:
        """Return the mean of ``on`` over the events of each ``unit``; values other than numbers
        count 0.

        Raises like ``segmentation``.

        Args:
            event: Name of the event.
            from_date: First day, a date or ``YYYY-MM-DD``, in the project's time zone.
            to_date: Last day, included.
            on: Name of a numeric property, or an expression.
            unit: ``hour`` or ``day``.
            where: An expression of Mixpanel's segmentation language that the events must match.
        """
        days = day_range(from_date, to_date)
        with self._numeric("average", event, days, on, unit, where) as answer:
            means = numbers_by_date(require_object(answer, "results"))
            self._raise_for_misspelled(any_nonzero([means]), event)
            return NumericAverageResult(event, *days, unit, on, means, _data=answer)

    def _numeric(
        self,
        report: str,
        event: str,
        days: DayRange,
        on: str,
        unit: str,
        where: str | None,
        **more: str,
    ) -> AbstractContextManager[Any]:
        return self._api.get(
            f"segmentation/{report}",
            event=event,
            from_date=days.first,
            to_date=days.last,
            on=as_expression(on),
            unit=require_choice("unit", unit, _UNITS),
            where=where,
            **more,
        )
