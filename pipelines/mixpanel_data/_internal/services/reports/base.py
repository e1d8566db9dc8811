"""The base of all live queries."""

from collections.abc import Sequence

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.query_api.client import QueryAPI
from mixpanel_data._internal.services.query_api.event_names import (
    raise_for_misspelled_events,
    warn_about_unknown_events,
)

UNITS = ("minute", "hour", "day", "week", "month")
PERIODS = ("day", "week", "month")
MAX_VALUES = 10_000
"""The largest number of property values that split a report (Mixpanel's query OpenAPI file:
segmentation, funnels)."""


class ReportQueries:
    """Sends each query to Mixpanel; has no state. Each report is a subclass.

    LiveQueryService combines them. ``discovery`` provides the names of funnels and events; without
    it results have no funnel name, and a misspelled event gives an empty result. ``workspace_id``
    narrows all reports to a data view.
    """

    def __init__(
        self,
        client: MixpanelAPIClient,
        *,
        discovery: DiscoveryService | None = None,
        workspace_id: int | None = None,
    ) -> None:
        self._api = QueryAPI(client, workspace_id)
        self._discovery = discovery

    def _raise_for_misspelled(self, found: bool, *events: str | None) -> None:
        """Raise QueryError if nothing was found and one of ``events`` looks misspelled."""
        if not found and self._discovery:
            raise_for_misspelled_events(
                [event for event in events if event], self._discovery.events
            )

    def _warn_about_unknown(self, silent: Sequence[str]) -> None:
        """Warn about each event that did not occur and that Mixpanel does not list."""
        if silent and self._discovery:
            warn_about_unknown_events(silent, self._discovery.events)
