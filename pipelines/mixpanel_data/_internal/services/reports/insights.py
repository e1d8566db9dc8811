"""Reports as they were saved in Mixpanel."""

from mixpanel_data._internal.services.query_api.answers import (
    mapping,
    member,
    optional_text,
    sequence,
)
from mixpanel_data._internal.services.reports.base import Queries
from mixpanel_data.types import InsightsResult


class SavedReportQueries(Queries):
    """``/insights``."""

    def insights(self, bookmark_id: int) -> InsightsResult:
        """A saved Insights report, over the dates saved with it. QueryError for one that does not
        exist; else as ``segmentation``.

        The id is the number behind ``report-`` in the report's address (Mixpanel's query OpenAPI
        file).
        """
        with self._api.get("insights", bookmark_id=bookmark_id) as answer:
            series = member(answer, "series")
            dates = mapping(answer.get("date_range"))
            return InsightsResult(
                bookmark_id,
                computed_at=optional_text(answer.get("computed_at")),
                from_date=optional_text(dates.get("from_date")),
                to_date=optional_text(dates.get("to_date")),
                headers=[str(header) for header in sequence(answer.get("headers"))],
                series=series,
                _data=answer,
            )
