"""What there is in a project."""

from mixpanel_data._internal.delegated import Delegated
from mixpanel_data._internal.services.discovery import DiscoveryService


class Discovery:
    """Lists what there is in Mixpanel. Each question is asked once a workspace, or again with ``refresh=True``.

    Every method raises AuthenticationError, RateLimitError, QueryError (with ``plan_limit`` where the project's plan lacks
    the query API), ServerError or APIError; ConfigError for a limit or type that can't be right.
    """

    events = Delegated("discovery", DiscoveryService.events)
    properties = Delegated("discovery", DiscoveryService.properties)
    property_values = Delegated("discovery", DiscoveryService.property_values)
    top_events = Delegated("discovery", DiscoveryService.top_events)
    funnels = Delegated("discovery", DiscoveryService.funnels)
    cohorts = Delegated("discovery", DiscoveryService.cohorts)
    bookmarks = Delegated("discovery", DiscoveryService.bookmarks)
    lexicon = Delegated("discovery", DiscoveryService.lexicon)
