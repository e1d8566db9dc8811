"""Mixpanel's own reports and lists."""

from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.live_query import LiveQueryService
from mixpanel_data._internal.workspace.descriptors import ForwardedMethod


class Queries:
    """Queries Mixpanel's reports; each call is one of the 60 requests an hour.

    Dates are ``date`` objects or texts like ``2026-01-31``. Expressions are those of Mixpanel's
    segmentation language, such as ``properties["plan"] == "pro"``. Errors are those of
    :meth:`segmentation`.
    """

    segmentation = ForwardedMethod("live", LiveQueryService.segmentation)
    funnel = ForwardedMethod("live", LiveQueryService.funnel)
    retention = ForwardedMethod("live", LiveQueryService.retention)
    frequency = ForwardedMethod("live", LiveQueryService.frequency)
    event_counts = ForwardedMethod("live", LiveQueryService.event_counts)
    property_counts = ForwardedMethod("live", LiveQueryService.property_counts)
    numeric_buckets = ForwardedMethod("live", LiveQueryService.numeric_buckets)
    numeric_sum = ForwardedMethod("live", LiveQueryService.numeric_sum)
    numeric_average = ForwardedMethod("live", LiveQueryService.numeric_average)
    insights = ForwardedMethod("live", LiveQueryService.insights)
    activity_feed = ForwardedMethod("live", LiveQueryService.activity_feed)
    jql = ForwardedMethod("live", LiveQueryService.jql)


class Discovery:
    """Lists the contents of a Mixpanel project. Each list is requested once a workspace;
    ``refresh=True`` requests it once more.

    Every method raises AuthenticationError, RateLimitError, QueryError (with ``plan_limit`` if the
    project's plan lacks the query API), ServerError or APIError; ConfigError for an invalid limit
    or type.
    """

    events = ForwardedMethod("discovery", DiscoveryService.events)
    properties = ForwardedMethod("discovery", DiscoveryService.properties)
    property_values = ForwardedMethod("discovery", DiscoveryService.property_values)
    top_events = ForwardedMethod("discovery", DiscoveryService.top_events)
    funnels = ForwardedMethod("discovery", DiscoveryService.funnels)
    cohorts = ForwardedMethod("discovery", DiscoveryService.cohorts)
    bookmarks = ForwardedMethod("discovery", DiscoveryService.bookmarks)
    lexicon = ForwardedMethod("discovery", DiscoveryService.lexicon)
