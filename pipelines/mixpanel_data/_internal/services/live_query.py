"""Mixpanel's own reports, queried live."""

from mixpanel_data._internal.services.reports.deprecated import DeprecatedQueries
from mixpanel_data._internal.services.reports.event_counts import EventCountQueries
from mixpanel_data._internal.services.reports.funnels import FunnelQueries
from mixpanel_data._internal.services.reports.insights import SavedReportQueries
from mixpanel_data._internal.services.reports.numeric import NumericQueries
from mixpanel_data._internal.services.reports.retention import RetentionQueries
from mixpanel_data._internal.services.reports.segmentation import SegmentationQueries


class LiveQueryService(
    SegmentationQueries,
    NumericQueries,
    EventCountQueries,
    FunnelQueries,
    RetentionQueries,
    SavedReportQueries,
    DeprecatedQueries,
):
    """Every report of Mixpanel's query API; each call is one of the 60 requests an hour.

    Dates are ``date`` objects or texts like ``2024-01-31``. Every method raises ConfigError for
    invalid arguments, before any request; AuthenticationError; RateLimitError; QueryError if
    Mixpanel rejects (with ``plan_limit`` if the reason is the project's plan) and for a misspelled
    event; ServerError; APIError for an unreadable response. May be shared between threads.
    """
