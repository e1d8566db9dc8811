"""The charts of stored rows and of late events."""

from mixpanel_data._internal.html_report.charts.style import (
    BAD,
    SERIES,
    band_x,
    chart,
    gaps,
    tooltip,
)
from mixpanel_data._internal.html_report.charts.vega import Spec
from mixpanel_data._internal.html_report.formatting import number, percent, period
from mixpanel_data._internal.html_report.sections.freshness import Freshness
from mixpanel_data._internal.html_report.sections.quality import LateArrivals


def stored_rows_chart(freshness: Freshness) -> Spec:
    """Return rows fetched by day; a missing day is a full-height bar in another colour."""
    rows = [
        {
            "start": str(each.start),
            "when": period(each.start, freshness.unit),
            "rows": each.rows,
            "text": number(each.rows)
            if not each.missing_days
            else f"{number(each.missing_days)} missing",
            "missing": each.missing_days > 0,
        }
        for each in freshness.stored
    ]
    x = band_x(freshness.unit)
    tips = tooltip(when="", text="Rows")
    y = {
        "field": "rows",
        "type": "quantitative",
        "axis": {"title": None, "labelExpr": "format(datum.value, '~s')"},
    }
    return chart(
        140,
        data={"values": rows},
        encoding={"x": x},
        layer=[
            {
                "transform": [{"filter": "datum.missing"}],
                "mark": {"type": "rect", "fill": BAD, "fillOpacity": 0.35},
                # In pixels of the chart, because a missing day has no rows to scale by.
                "encoding": {"y": {"value": 0}, "y2": {"value": 140}, "tooltip": tips},
            },
            {
                "transform": [{"filter": "datum.rows > 0"}],
                "mark": {"type": "bar", "fill": SERIES[0]},
                "encoding": {"y": y, "tooltip": tips},
            },
        ],
    )


def late_events_chart(found: LateArrivals) -> Spec:
    """Return the share of a day's events that arrived more than one, and more than five days
    late."""
    rows = [
        {
            "start": str(each.start),
            "when": period(each.start, found.unit),
            "kind": kind,
            "share": count / each.events if each.events else 0,
            "text": "nothing is known"
            if each.events is None
            else f"{number(count)} ({percent(count / each.events)})"
            if each.events
            else "0",
            "unknown": each.events is None,
        }
        for each in found.starts
        for kind, count in (
            # `over_5_days` is a part of `over_1_day`, and stacked bars must not count it twice.
            ("1 to 5 days", (each.over_1_day or 0) - (each.over_5_days or 0)),
            ("over 5 days", each.over_5_days or 0),
        )
    ]
    colours = {"domain": ["1 to 5 days", "over 5 days"], "range": [SERIES[0], SERIES[2]]}
    bars = {
        "transform": [{"filter": "!datum.unknown"}],
        "mark": {"type": "bar"},
        "encoding": {
            "y": {
                "field": "share",
                "type": "quantitative",
                "axis": {"title": None, "format": "~%"},
            },
            "color": {"field": "kind", "type": "nominal", "scale": colours, "legend": None},
            "tooltip": tooltip(when="", kind="Late by", text="Events"),
        },
    }
    return chart(
        140,
        data={"values": rows},
        encoding={"x": band_x(found.unit)},
        layer=[gaps(140, tooltip(when="", text="Events")), bars],
    )
