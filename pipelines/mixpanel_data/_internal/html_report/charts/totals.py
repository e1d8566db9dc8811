"""The charts of totals by day, week or month: sessions and revenue."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from mixpanel_data._internal.html_report.charts.style import (
    SERIES,
    band_x,
    chart,
    gaps,
    tooltip,
)
from mixpanel_data._internal.html_report.charts.vega import Spec
from mixpanel_data._internal.html_report.formatting import number, period
from mixpanel_data._internal.html_report.sections.revenue import Revenue
from mixpanel_data._internal.html_report.sections.sessions import Sessions

HEIGHT = 170


class Total(NamedTuple):
    """The total of a day, week or month; None if nothing is known of it."""

    start: date
    total: float | None
    is_partial: bool


def sessions_chart(found: Sessions) -> Spec:
    """Return a bar for the sessions of each day, week or month."""
    totals = [Total(each.start, each.sessions, each.is_partial) for each in found.starts]
    return totals_chart(totals, found.unit, "Sessions")


def revenue_chart(found: Revenue) -> Spec:
    """Return a bar for the revenue of each day, week or month."""
    totals = [Total(each.start, each.amount, each.is_partial) for each in found.starts]
    return totals_chart(totals, found.unit, "Revenue")


def totals_chart(totals: Sequence[Total], unit: str, title: str) -> Spec:
    """Return bars: paler where not all is known, a band where nothing is."""
    rows = [
        {
            "start": str(each.start),
            "when": period(each.start, unit),
            "total": each.total,
            "text": _text(each),
            "partial": each.is_partial,
            "unknown": each.total is None,
        }
        for each in totals
    ]
    tips = tooltip(when="", text=title)
    y = {
        "field": "total",
        "type": "quantitative",
        # SI prefixes (12k), since sums of revenue have no bound and the axis has 40 pixels.
        "axis": {"title": None, "labelExpr": "format(datum.value, '~s')"},
    }
    opacity = {"condition": {"test": "datum.partial", "value": 0.55}, "value": 1}
    return chart(
        HEIGHT,
        data={"values": rows},
        encoding={"x": band_x(unit)},
        layer=[
            gaps(HEIGHT, tips),
            {
                "transform": [{"filter": "!datum.unknown"}],
                "mark": {"type": "bar", "fill": SERIES[0]},
                "encoding": {"y": y, "opacity": opacity, "tooltip": tips},
            },
        ],
    )


def _text(each: Total) -> str:
    if each.total is None:
        return "nothing is known"
    return number(each.total) + (" or more: not all is known" if each.is_partial else "")
