"""Mixpanel's own numbers."""

from mixpanel_data._internal.delegated import Delegated
from mixpanel_data._internal.services.live_query import LiveQueryService


class Queries:
    """Asks Mixpanel for its reports; each call is one of the 60 requests an hour.

    Dates are ``date`` objects or texts like ``2026-01-31``. Where an argument is an expression, it is one of Mixpanel's
    segmentation language, such as ``properties["plan"] == "pro"``. Errors are those of :meth:`segmentation`.
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
