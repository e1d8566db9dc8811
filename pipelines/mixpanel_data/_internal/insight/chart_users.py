"""The charts of active users, in Vega-Lite."""

from collections.abc import Sequence
from typing import Any

from mixpanel_data._internal.insight.activity import Active, Activity, Lifecycle
from mixpanel_data._internal.insight.chart_style import (
    MUTED,
    SERIES,
    band_x,
    chart,
    time_x,
    tooltip,
)
from mixpanel_data._internal.insight.charting import Spec
from mixpanel_data._internal.insight.words import number, percent, period


def active_users(activity: Activity) -> Spec:
    """DAU, WAU and MAU over time."""
    rows = [
        {
            "start": str(each.start),
            "when": period(each.start, activity.unit),
            "mau": each.mau,
            "wau": each.wau,
            "dau": each.dau,
            **{f"{key}_text": number(getattr(each, key)) for key in ("mau", "wau", "dau")},
        }
        for each in _drawn(activity.active)
    ]
    tips = tooltip(when="", mau_text="MAU", wau_text="WAU", dau_text="DAU")
    lines = [
        _line(field, colour, 2.5)
        for field, colour in zip(("mau", "wau", "dau"), SERIES, strict=False)
    ]
    return _hovered(280, rows, time_x(activity.unit), lines, "mau", tips)


def stickiness(activity: Activity) -> Spec:
    """DAU / MAU over time."""
    rows = [
        {
            "start": str(each.start),
            "when": period(each.start, activity.unit),
            "rate": each.stickiness,
            "text": percent(each.stickiness),
        }
        for each in _drawn(activity.sticky)
    ]
    axis = {"title": None, "format": ".0%"}
    lines = [_line("rate", SERIES[0], 2, axis=axis)]
    return _hovered(
        230, rows, time_x(activity.unit), lines, "rate", tooltip(when="", text="DAU / MAU")
    )


def _drawn(points: Sequence[Active]) -> Sequence[Active]:
    """The points of a line: one that is not over yet would be a drop that is none."""
    return [each for each in points if not each.is_partial] or points


def _line(field: str, colour: str, width: float, axis: dict[str, Any] | None = None) -> Spec:
    y = {
        "field": field,
        "type": "quantitative",
        "scale": {"zero": True},
        "axis": axis or {"title": None, "format": ",d"},
    }
    return {
        "mark": {"type": "line", "stroke": colour, "strokeWidth": width, "interpolate": "monotone"},
        "encoding": {"y": y},
    }


def _hovered(
    height: int, rows: list[Any], x: Spec, lines: list[Spec], top: str, tips: list[Any]
) -> Spec:
    """Lines, and a rule where the pointer is, with what stands there."""
    hover = {
        "name": "hover",
        "select": {
            "type": "point",
            "on": "pointerover",
            "clear": "pointerout",
            "nearest": True,
            "encodings": ["x"],
        },
    }
    rule = {
        "mark": {"type": "rule", "stroke": MUTED, "strokeWidth": 1},
        "params": [hover],
        "encoding": {
            "opacity": {"condition": {"param": "hover", "empty": False, "value": 0.6}, "value": 0},
            "tooltip": tips,
        },
    }
    single = (
        [
            {
                "mark": {"type": "point", "filled": True, "size": 60, "color": SERIES[0]},
                "encoding": {"y": {"field": top, "type": "quantitative"}},
            }
        ]
        if len(rows) == 1
        else []
    )
    return chart(height, data={"values": rows}, encoding={"x": x}, layer=[*lines, *single, rule])


STAGES = ("new", "retained", "resurrected", "dormant")


def lifecycle(found: Lifecycle) -> Spec:
    """Who is active by where they come from, above the line; who stayed away, below it."""
    rows = [
        {
            "start": str(each.start),
            "when": period(each.start, found.unit) + (" (not over yet)" if each.is_partial else ""),
            "stage": stage.capitalize(),
            "order": STAGES.index(stage),
            "users": getattr(each, stage) * (-1 if stage == "dormant" else 1),
            "text": number(getattr(each, stage)),
            "partial": each.is_partial,
        }
        for each in found.stages
        for stage in STAGES
        if stage != "dormant" or not each.is_partial  # they may still come
    ]
    colours = {
        "domain": [stage.capitalize() for stage in STAGES],
        "range": [*SERIES[:3], "var(--faint)"],
    }
    return chart(
        200,
        data={"values": rows},
        mark={"type": "bar"},
        encoding={
            "x": band_x(found.unit),
            "y": {
                "field": "users",
                "type": "quantitative",
                "axis": {"title": None, "labelExpr": "format(abs(datum.value), ',d')"},
            },
            "color": {"field": "stage", "type": "nominal", "scale": colours, "legend": None},
            "order": {"field": "order", "type": "quantitative"},
            "opacity": {"condition": {"test": "datum.partial", "value": 0.55}, "value": 1},
            "tooltip": tooltip(when="", stage="Stage", text="Users"),
        },
    )
