"""Mixpanel's own numbers, asked for now."""

from mixpanel_data._internal.services.reports.deprecated import MaintenanceQueries
from mixpanel_data._internal.services.reports.event_counts import BreakdownQueries
from mixpanel_data._internal.services.reports.funnels import FunnelQueries
from mixpanel_data._internal.services.reports.insights import SavedReportQueries
from mixpanel_data._internal.services.reports.numeric import NumericQueries
from mixpanel_data._internal.services.reports.retention import RetentionQueries
from mixpanel_data._internal.services.reports.segmentation import SegmentationQueries


class LiveQueryService(
    SegmentationQueries,
    NumericQueries,
    BreakdownQueries,
    FunnelQueries,
    RetentionQueries,
    SavedReportQueries,
    MaintenanceQueries,
):
    """Every report of Mixpanel's query API; each call is one of the 60 requests an hour.

    Dates are ``date`` objects or texts like ``2024-01-31``. Every method raises ConfigError for
    arguments that can't be right, before anything is asked; AuthenticationError; RateLimitError;
    QueryError for what Mixpanel refuses (with ``plan_limit`` where the project's plan is the
    reason) and for a misspelt event; ServerError; APIError for an answer that can't be read. May be
    shared between threads.
    """
