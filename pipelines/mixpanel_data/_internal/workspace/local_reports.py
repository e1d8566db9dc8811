"""Reports over the published tables, without a request."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from mixpanel_data._internal.services.local_funnel import Step, local_funnel
from mixpanel_data._internal.services.query_api.arguments import Day
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data.types import LocalFunnelResult


class LocalReports:
    """Reports over the tables that `mp sync` published, by the SQL of the models."""

    storage: StorageEngine

    def funnel_local(
        self,
        steps: Sequence[Step],
        /,
        *,
        by: str | None = None,
        window: str | float = "7d",
        counting: Literal["uniques", "totals", "sessions"] = "uniques",
        reentry: Literal["default", "optimized"] = "default",
        order: Literal["specific", "any"] = "specific",
        from_date: Day | None = None,
        to_date: Day | None = None,
        unit: Literal["day", "week", "month"] | None = None,
        per: Literal["day", "week", "month"] | None = None,
        where: str | None = None,
        value: str | None = None,
        exclude: Sequence[str | Mapping[str, Any]] = (),
        hold_constant: Sequence[str] = (),
        segment_at: int | Literal["first_defined", "last_defined"] = 1,
    ) -> LocalFunnelResult:
        """Count a funnel over the published events, as the tables `funnels` and `funnel_attempts`
        do for the variable `funnels`, and by the variables with which the tables were built.

        Args:
            steps: Two or more events in their order. A list of names: any of these events; a dict
                ``{"event": …, "where": …}``: only events that an SQL condition is true for.
            by: A column of `events` by whose values the funnel is counted, too; or
                ``properties.NAME``; or ``cohort.NAME``, of the variable `cohorts`: whether users are
                members on the day of the step.
            window: The longest time from the first step to the last: seconds, or a text such as
                ``30m``, ``12h`` or ``7d``.
            counting: ``uniques``: one attempt a user, the first one from ``from_date`` on;
                ``totals``: further ones after it ended; ``sessions``: one a session, with all steps
                in it.
            reentry: ``default``, or ``optimized``: each first step may begin an attempt, and one
                that converts counts.
            order: ``specific``; or ``any``: an attempt begins with any of the steps, and has each of
                them once, in any order.
            from_date: First day of entries, a date or ``YYYY-MM-DD`` in the project's time zone;
                events before it do not count. None: no limit.
            to_date: Last day of entries, included; later steps may be after it. None: no limit.
            unit: ``day``, ``week`` or ``month``: a row for each of these, by the entry. Each user
                still counts once in all, in the period of the entry. None: one for all days.
            per: ``day``, ``week`` or ``month``: a funnel of its own for each of these, so that a
                user counts once in each. None: one funnel for all days.
            where: An SQL condition on the columns of `events` that events of each step meet.
            value: A column of numbers of `events`, whose sum each step has.
            exclude: Events that end an attempt; a dict ``{"event": …, "after": 1}`` ends those
                between step 1 and step 2 only.
            hold_constant: Columns of `events` that are the same on all steps.
            segment_at: The step whose value of ``by`` counts, from 1; or ``first_defined`` or
                ``last_defined`` of those reached.

        Raises:
            ConfigError: if an argument is invalid, an event was never seen, or there is no such
                column; the message has the nearest name.
            QueryError: if a condition is no SQL, or asks for an unknown column.
            TableNotFoundError: if no tables are published.
        """
        return local_funnel(
            self.storage,
            steps,
            by=by,
            window=window,
            counting=counting,
            reentry=reentry,
            order=order,
            first=from_date,
            last=to_date,
            unit=unit,
            per=per,
            where=where,
            value=value,
            exclude=exclude,
            hold_constant=hold_constant,
            segment_at=segment_at,
        )
