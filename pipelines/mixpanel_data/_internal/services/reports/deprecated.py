"""Operations that Mixpanel keeps running but advises against: JQL and the activity feed."""

import json
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mixpanel_data._internal.api.parameters import json_array
from mixpanel_data._internal.services.query_api.answers import (
    as_object,
    require_object,
    require_objects,
)
from mixpanel_data._internal.services.query_api.arguments import Day, day_range
from mixpanel_data._internal.services.reports.base import ReportQueries
from mixpanel_data.types import ActivityFeedResult, JQLResult, UserEvent
from mixpanel_data.types.base import plain

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = 10**11  # times from here on are milliseconds; in seconds it is the year 5138
_LAST = 253_402_300_799_000  # the end of Python's last year


class DeprecatedQueries(ReportQueries):
    """``/jql`` and ``/stream/query``."""

    def jql(self, script: str, params: Mapping[str, Any] | None = None) -> JQLResult:
        """Run ``script`` and return its result; ``params`` is a global variable in it.

        Warns with a DeprecationWarning: JQL is in maintenance, and its ``Events()`` does not
        resolve identities, so counts of users differ from reports. A script may run 2 minutes and
        return 2 GB (Mixpanel's page on JQL). Raises like ``segmentation``.

        Args:
            script: The JavaScript.
            params: Values for the script, ready for JSON.
        """
        _warn_deprecated("JQL", "The published file answers SQL: `mp query sql`.")
        written = None if params is None else json.dumps(plain(params))
        with self._api.post("jql", script=script, params=written) as answer:
            return JQLResult(answer)

    def activity_feed(
        self, distinct_ids: str | Sequence[str], from_date: Day, to_date: Day
    ) -> ActivityFeedResult:
        """Return the events of these users between two days (project's zone, both included).

        Warns with a DeprecationWarning: Mixpanel's query OpenAPI file marks the operation as
        deprecated. Raises like ``segmentation``.

        Args:
            distinct_ids: The id or ids of the users.
            from_date: First day, a date or ``YYYY-MM-DD``, in the project's time zone.
            to_date: Last day, included.
        """
        _warn_deprecated("The activity feed", "Query the table events for a distinct_id.")
        days = day_range(from_date, to_date)
        with self._api.get(
            "stream/query",
            distinct_ids=json_array("distinct_ids", distinct_ids),
            from_date=days.first,
            to_date=days.last,
        ) as answer:
            requested = [distinct_ids] if isinstance(distinct_ids, str) else list(distinct_ids)
            events = [
                _user_event(item)
                for item in require_objects(require_object(answer, "results").get("events"))
            ]
            return ActivityFeedResult(requested, *days, events, _data=answer)


def _warn_deprecated(what: str, instead: str) -> None:
    warnings.warn(
        f"{what} is in maintenance at Mixpanel and may end. {instead}",
        DeprecationWarning,
        stacklevel=3,
    )


def _user_event(item: Mapping[str, Any]) -> UserEvent:
    properties = as_object(item.get("properties"))
    # Mixpanel's own example has one spelling in the first event and the other in the second.
    found = (properties.get(key) for key in ("distinct_id", "$distinct_id"))
    known = next((value for value in found if value is not None), None)
    return UserEvent(
        event=str(item.get("event", "")),
        time=_instant(properties.get("time")),
        distinct_id=None if known is None else str(known),
        properties=dict(properties),
    )


def _instant(time: Any) -> datetime | None:
    """Return a time given as seconds or milliseconds since 1970."""
    if not isinstance(time, int | float) or not abs(time) < _LAST:  # rejects NaN, too
        return None
    unit = "milliseconds" if abs(time) >= _MILLISECONDS else "seconds"
    return _EPOCH + timedelta(**{unit: time})
