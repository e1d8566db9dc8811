"""Mixpanel's own numbers."""

from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.live_query import LiveQueryService
from mixpanel_data._internal.workspace.descriptors import Delegated


class Queries:
    """Asks Mixpanel for its reports; each call is one of the 60 requests an hour.

    Dates are ``date`` objects or texts like ``2026-01-31``. Where an argument is an expression, it
    is one of Mixpanel's segmentation language, such as ``properties["plan"] == "pro"``. Errors are
    those of :meth:`segmentation`.
    """

    segmentation = Delegated("live", LiveQueryService.segmentation)
    funnel = Delegated("live", LiveQueryService.funnel)
    retention = Delegated("live", LiveQueryService.retention)
    frequency = Delegated("live", LiveQueryService.frequency)
    event_counts = Delegated("live", LiveQueryService.event_counts)
    property_counts = Delegated("live", LiveQueryService.property_counts)
    numeric_buckets = Delegated("live", LiveQueryService.numeric_buckets)
    numeric_sum = Delegated("live", LiveQueryService.numeric_sum)
    numeric_average = Delegated("live", LiveQueryService.numeric_average)
    insights = Delegated("live", LiveQueryService.insights)
    activity_feed = Delegated("live", LiveQueryService.activity_feed)
    jql = Delegated("live", LiveQueryService.jql)


class Discovery:
    """Lists what there is in Mixpanel. Each question is asked once a workspace, or again with
    ``refresh=True``.

    Every method raises AuthenticationError, RateLimitError, QueryError (with ``plan_limit`` where
    the project's plan lacks the query API), ServerError or APIError; ConfigError for a limit or
    type that can't be right.
    """

    events = Delegated("discovery", DiscoveryService.events)
    properties = Delegated("discovery", DiscoveryService.properties)
    property_values = Delegated("discovery", DiscoveryService.property_values)
    top_events = Delegated("discovery", DiscoveryService.top_events)
    funnels = Delegated("discovery", DiscoveryService.funnels)
    cohorts = Delegated("discovery", DiscoveryService.cohorts)
    bookmarks = Delegated("discovery", DiscoveryService.bookmarks)
    lexicon = Delegated("discovery", DiscoveryService.lexicon)
