"""The style of all charts. Colours are CSS variables of the page, which has a light and a dark
mode.

Names from the data are data in a chart, never part of an expression.
"""

from typing import Any

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
MUTED, GRID = "var(--muted)", "var(--grid)"
SERIES = ("var(--c1)", "var(--c2)", "var(--c3)", "var(--c4)")
BAD = "var(--bad)"

CONFIG: dict[str, Any] = {
    "background": None,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": GRID,
        "tickColor": GRID,
        "labelPadding": 6,
    },
    "axisY": {"domain": False, "ticks": False, "tickCount": 4},
    "axisX": {"grid": False, "labelPadding": 9},
}
# One label every 80 pixels, on any screen.
TIME_AXIS: dict[str, Any] = {
    "title": None,
    "format": "%-d %b",
    "labelOverlap": "greedy",
    "labelSeparation": 14,
    "labelFlush": True,
    "tickCount": {"expr": "max(2, floor(width / 80))"},
}


def chart(height: int, **parts: Any) -> dict[str, Any]:
    """Return a specification as wide as its container."""
    return {
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": CONFIG,
        **parts,
    }


def time_x(unit: str) -> dict[str, Any]:
    """Return an x axis of dates. They are days, not instants, so the reader's time zone has no
    effect."""
    axis = TIME_AXIS | ({"format": "%b %Y"} if unit == "month" else {})
    return {"field": "start", "type": "temporal", "scale": {"type": "utc"}, "axis": axis}


def band_x(unit: str) -> dict[str, Any]:
    """Return an x axis of dates for bars."""
    # In UTC, or a reader west of Greenwich would see the day before.
    steps = {"day": "utcyearmonthdate", "week": "utcyearmonthdate", "month": "utcyearmonth"}
    return {
        "field": "start",
        "type": "ordinal",
        "timeUnit": steps[unit],
        "scale": {"paddingInner": 0.25, "paddingOuter": 0.1},
        "axis": {
            "title": None,
            "format": "%b %Y" if unit == "month" else "%-d %b",
            "labelOverlap": True,
            "labelSeparation": 14,
            "labelAngle": 0,
            "labelFlush": True,
            "ticks": False,
        },
    }


def gaps(height: int, tips: list[dict[str, str]]) -> dict[str, Any]:
    """Return a layer of bands where ``unknown`` is true: nothing is known there, which is not 0."""
    return {
        "transform": [{"filter": "datum.unknown"}],
        "mark": {"type": "rect", "fill": GRID},
        "encoding": {"y": {"value": 0}, "y2": {"value": height}, "tooltip": tips},
    }


def tooltip(**titles: str) -> list[dict[str, str]]:
    """Return the tooltip of a mark: text fields with these titles."""
    return [{"field": field, "title": title, "type": "nominal"} for field, title in titles.items()]
