"""What every live query needs."""

from collections.abc import Sequence

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.query_api.client import QueryAPI
from mixpanel_data._internal.services.query_api.event_names import refuse_slips, warn_of_slips

UNITS = ("minute", "hour", "day", "week", "month")
PERIODS = ("day", "week", "month")
MOST_VALUES = 10_000
"""Of a property that splits a report, at most (Mixpanel's query OpenAPI file: segmentation,
funnels)."""


class Queries:
    """Asks Mixpanel each time; holds no state. Each report is a subclass, and LiveQueryService all
    of them.

    ``discovery`` gives the names of funnels and of events; without it results have no funnel name
    and a misspelt event is an empty answer. ``workspace_id`` narrows all reports to a data view.
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

    def _refuse_slips(self, found: bool, *events: str | None) -> None:
        """Raises QueryError when nothing was found and one of ``events`` looks like a misspelt one."""
        if not found and self._discovery:
            refuse_slips([event for event in events if event], self._discovery.events)

    def _warn_of_slips(self, silent: Sequence[str]) -> None:
        """Warns of each event that did not happen and that Mixpanel does not know either."""
        if silent and self._discovery:
            warn_of_slips(silent, self._discovery.events)
