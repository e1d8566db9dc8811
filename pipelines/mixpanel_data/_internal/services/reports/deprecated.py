"""What Mixpanel keeps running but tells people not to build on: JQL and the activity feed."""

import json
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mixpanel_data._internal.api.parameters import json_array
from mixpanel_data._internal.services.query_api.answers import items, mapping, member
from mixpanel_data._internal.services.query_api.arguments import Day, day_range
from mixpanel_data._internal.services.reports.base import Queries
from mixpanel_data.types import ActivityFeedResult, JQLResult, UserEvent
from mixpanel_data.types.base import plain

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = 10**11  # from here on; as seconds it would be the year 5138
_LAST = 253_402_300_799_000  # the last year that Python has


class MaintenanceQueries(Queries):
    """``/jql`` and ``/stream/query``."""

    def jql(self, script: str, params: Mapping[str, Any] | None = None) -> JQLResult:
        """What ``script`` returns; it sees ``params`` as the global variable of that name. Errors
        as of ``segmentation``.

        Warns with a DeprecationWarning: JQL is in maintenance, and its ``Events()`` does not
        resolve identities, so counts of users differ from reports. A script may run 2 minutes and
        return 2 GB (Mixpanel's page on JQL).
        """
        _warn("JQL", "The published file answers SQL: `mp query sql`.")
        written = None if params is None else json.dumps(plain(params))
        with self._api.post("jql", script=script, params=written) as answer:
            return JQLResult(answer)

    def activity_feed(
        self, distinct_ids: str | Sequence[str], from_date: Day, to_date: Day
    ) -> ActivityFeedResult:
        """What these users did between the two days (project's zone, both included). Errors as of
        ``segmentation``.

        Warns with a DeprecationWarning: Mixpanel's query OpenAPI file marks the operation as
        deprecated.
        """
        _warn("The activity feed", "Ask the table events for a distinct_id.")
        days = day_range(from_date, to_date)
        with self._api.get(
            "stream/query",
            distinct_ids=json_array("distinct_ids", distinct_ids),
            from_date=days.first,
            to_date=days.last,
        ) as answer:
            asked = [distinct_ids] if isinstance(distinct_ids, str) else list(distinct_ids)
            events = [_user_event(item) for item in items(member(answer, "results").get("events"))]
            return ActivityFeedResult(asked, *days, events, _data=answer)


def _warn(what: str, instead: str) -> None:
    warnings.warn(
        f"{what} is in maintenance at Mixpanel and may end. {instead}",
        DeprecationWarning,
        stacklevel=3,
    )


def _user_event(item: Mapping[str, Any]) -> UserEvent:
    properties = mapping(item.get("properties"))
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
    """Seconds or milliseconds since 1970, as they come."""
    if not isinstance(time, int | float) or not abs(time) < _LAST:  # which NaN is not
        return None
    unit = "milliseconds" if abs(time) >= _MILLISECONDS else "seconds"
    return _EPOCH + timedelta(**{unit: time})
