"""Saved reports of Mixpanel as variables of the models."""

from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.live_query import LiveQueryService
from mixpanel_data._internal.services.saved_definitions import import_definitions
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data.types import ImportedDefinitions


class SavedDefinitions:
    """Translates what people saved in Mixpanel."""

    live: LiveQueryService
    discovery: DiscoveryService
    storage: StorageEngine

    def import_definitions(self) -> ImportedDefinitions:
        """Return the project's saved funnels and Insights reports as the variables `funnels` and
        `metrics`.

        Mixpanel's API computes a saved report, but does not tell its definition. So what it leaves
        open, such as the window of a funnel, is tried over the published events, and a report is
        translated only if the numbers are Mixpanel's; 1 % of difference is allowed, and noted, since
        a few users may be one there and two here. The others are in ``reports`` with
        the reason: those whose steps have conditions, custom events, breakdowns; retention reports,
        flows and cohorts. It takes a request for each funnel and Insights report, and three for the
        lists.

        Raises:
            ConfigError: if no complete day is published.
            TableNotFoundError: if no tables are published.
            AuthenticationError, RateLimitError, ServerError, APIError: like :meth:`segmentation`.
        """
        return import_definitions(self.live, self.discovery, self.storage)
