"""Reports saved in Mixpanel."""

from mixpanel_data._internal.services.query_api.answers import (
    as_list,
    as_object,
    optional_text,
    require_object,
)
from mixpanel_data._internal.services.reports.base import ReportQueries
from mixpanel_data.types import InsightsResult


class SavedReportQueries(ReportQueries):
    """``/insights``."""

    def insights(self, bookmark_id: int) -> InsightsResult:
        """Return a saved Insights report, over the dates saved with it.

        The id is the number after ``report-`` in the report's address (Mixpanel's query OpenAPI
        file). Raise QueryError if there is no such report; otherwise raises like ``segmentation``.

        Args:
            bookmark_id: The id of the saved report, as :meth:`bookmarks` lists it.
        """
        with self._api.get("insights", bookmark_id=bookmark_id) as answer:
            series = require_object(answer, "series")
            dates = as_object(answer.get("date_range"))
            return InsightsResult(
                bookmark_id,
                computed_at=optional_text(answer.get("computed_at")),
                from_date=optional_text(dates.get("from_date")),
                to_date=optional_text(dates.get("to_date")),
                headers=[str(header) for header in as_list(answer.get("headers"))],
                series=series,
                _data=answer,
            )
