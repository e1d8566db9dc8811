"""Records for whoever reads them one by one, from files that were verified before the first is handed out."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.event_filter import EventFilter
from mixpanel_data._internal.inspect_lines import numbered_lines
from mixpanel_data._internal.landing import Landed
from mixpanel_data._internal.profile_lines import raw_of
from mixpanel_data._internal.query_arguments import Day
from mixpanel_data._internal.services.fetch_arguments import event_filter, window_of
from mixpanel_data._internal.services.fetch_landing import (
    EventLandings,
    ProfileLandings,
    temporary_landing,
)
from mixpanel_data._internal.storage_unreadable import MALFORMED
from mixpanel_data._internal.windows import Window
from mixpanel_data._internal.zones import Zone
from mixpanel_data.exceptions import IncompleteExportError

Record = dict[str, Any]


class StreamerService:
    """Hands on what Mixpanel sends. An iterator that ends has given everything; one that can't raises.

    Errors as of FetcherService; IncompleteExportError also in the middle, when later days do not come whole.
    """

    def __init__(self, client: MixpanelAPIClient, *, zone: Zone | None = None) -> None:
        self._client = client
        self._zone = zone or Zone()

    def stream_events(
        self,
        from_date: Day,
        to_date: Day,
        *,
        events: Sequence[str] | None = None,
        where: str | None = None,
    ) -> Iterator[Record]:
        """Every event of the days, both included, as Mixpanel exports it; ``time`` is in milliseconds.

        Older days come first, in no order within a request.
        """
        return self._events(window_of(from_date, to_date), event_filter(events, where))

    def stream_profiles(
        self,
        *,
        where: str | None = None,
        output_properties: Sequence[str] | None = None,
        cohort_id: int | None = None,
    ) -> Iterator[Record]:
        """Every user profile, or those of the cohort, for which ``where`` is true, as Mixpanel has it."""
        with temporary_landing(None) as folder:
            landings = ProfileLandings.of(self._client, folder, where, output_properties, cohort_id)
            for _, line in numbered_lines(landings.whole().path):
                yield _parsed(raw_of(line), None)

    def _events(self, window: Window, only: EventFilter) -> Iterator[Record]:
        with temporary_landing(None) as folder:
            for landed in EventLandings(self._client, folder, self._zone, only).windows(window):
                for _, line in numbered_lines(landed.path):
                    yield _parsed(line, landed)
                landed.discard()


def _parsed(line: bytes, landed: Landed | None) -> Record:
    """The object in ``line``. Raises IncompleteExportError where there is none."""
    try:
        record = json.loads(line)
        if isinstance(record, dict):
            return record
        said = "is no object"
    except (ValueError, RecursionError) as error:
        said = f"is not JSON ({error})"
    raise IncompleteExportError(
        f"A line {said}: {line[:80].decode('utf-8', 'backslashreplace')!r}.",
        reason=MALFORMED,
        from_date=landed.window.first if landed else None,
        to_date=landed.window.last if landed else None,
    )
