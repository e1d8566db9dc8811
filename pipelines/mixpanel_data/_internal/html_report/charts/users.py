"""The charts of active users."""

from collections.abc import Sequence
from itertools import dropwhile
from typing import Any

from mixpanel_data._internal.html_report.charts.style import (
    MUTED,
    SERIES,
    band_x,
    chart,
    gaps,
    time_x,
    tooltip,
)
from mixpanel_data._internal.html_report.charts.vega import Spec
from mixpanel_data._internal.html_report.formatting import number, percent, period
from mixpanel_data._internal.html_report.sections.activity import Active, Activity, Lifecycle


def active_users_chart(activity: Activity) -> Spec:
    """Return DAU, WAU and MAU over time; lower bounds are dashed, unknown values left out."""
    points = _without_partial_ends(activity.active)
    marks = {"mau": "is_mau_partial", "wau": "is_wau_partial", "dau": "is_partial"}
    rows = [
        {
            "start": str(each.start),
            "when": period(each.start, activity.unit),
            **{
                f"{key}_text": _text(getattr(each, key), getattr(each, marks[key])) for key in marks
            },
        }
        for each in points
    ]
    lines = []
    # The complete values and the lower bounds are two lines of one colour, since a line has one
    # style.
    for (key, mark), colour in zip(marks.items(), SERIES, strict=False):
        values = [getattr(each, key) for each in points]
        is_low = [getattr(each, mark) for each in points]
        whole = [None if low else value for value, low in zip(values, is_low, strict=True)]
        drawn = _set_values(rows, key, whole, colour)
        if any(value is not None for value in whole):
            lines += [_line(key, colour, 2.5), *drawn]
        if key != "dau" and any(is_low):  # a lower bound of a partial day's DAU is of no use
            low = f"{key}_low"
            lines.append(_line(low, colour, 1.5, dash=[2, 4]))
            lines += _set_values(rows, low, _bounds(values, is_low), colour)
    tips = tooltip(when="", mau_text="MAU", wau_text="WAU", dau_text="DAU")
    return _hovered(280, rows, time_x(activity.unit), lines, tips)


def stickiness_chart(activity: Activity) -> Spec:
    """Return DAU / MAU over time."""
    points = _without_partial_ends(
        list(dropwhile(lambda each: each.stickiness is None, activity.active))
    )
    rows = [
        {
            "start": str(each.start),
            "when": period(each.start, activity.unit),
            "text": percent(each.stickiness),
        }
        for each in points
    ]
    rates = [None if each.is_partial else each.stickiness for each in points]
    axis = {"title": None, "format": ".0%"}
    lines = [_line("rate", SERIES[0], 2, axis=axis), *_set_values(rows, "rate", rates, SERIES[0])]
    return _hovered(230, rows, time_x(activity.unit), lines, tooltip(when="", text="DAU / MAU"))


def _text(value: float | None, is_low: bool) -> str:
    return number(value) + (" or more" if is_low and value is not None else "")


def _without_partial_ends(points: Sequence[Active]) -> Sequence[Active]:
    """Return the points of a line without partial ones at its ends, which would look like a
    drop."""
    whole = [place for place, each in enumerate(points) if not each.is_partial]
    return points[whole[0] : whole[-1] + 1] if whole else points


def _bounds(values: Sequence[float | None], is_low: Sequence[bool]) -> list[float | None]:
    """Return the lower bounds, and the values beside them, to which their line extends."""
    return [
        value if low or any(is_low[max(0, place - 1) : place + 2]) else None
        for place, (value, low) in enumerate(zip(values, is_low, strict=True))
    ]


def _set_values(
    rows: list[dict[str, Any]], field: str, values: Sequence[float | None], colour: str
) -> list[Spec]:
    """Add its value to each row. A null interrupts a line: isolated values are drawn as points."""
    padded = [None, *values, None]
    for place, (row, value) in enumerate(zip(rows, values, strict=True)):
        row[field] = value
        row[f"{field}_alone"] = value is not None and not any(
            neighbour is not None for neighbour in (padded[place], padded[place + 2])
        )
    if not any(row[f"{field}_alone"] for row in rows):
        return []
    return [
        {
            "transform": [{"filter": f"datum.{field}_alone"}],
            "mark": {"type": "point", "filled": True, "size": 36, "color": colour},
            "encoding": {"y": {"field": field, "type": "quantitative"}},
        }
    ]


def _line(
    field: str,
    colour: str,
    width: float,
    axis: dict[str, Any] | None = None,
    dash: list[int] | None = None,
) -> Spec:
    y = {
        "field": field,
        "type": "quantitative",
        "scale": {"zero": True},
        "axis": axis or {"title": None, "format": ",d"},
    }
    mark = {
        "type": "line",
        "stroke": colour,
        "strokeWidth": width,
        "interpolate": "monotone",
        "invalid": "break-paths-show-domains",
    }
    return {"mark": mark | ({"strokeDash": dash} if dash else {}), "encoding": {"y": y}}


def _hovered(height: int, rows: list[Any], x: Spec, lines: list[Spec], tips: list[Any]) -> Spec:
    """Return lines, and a rule at the pointer with a tooltip."""
    hover = {
        "name": "hover",
        "select": {
            "type": "point",
            "on": "pointerover",
            "clear": "pointerout",
            # The nearest day, so that the pointer needs not be on a line.
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
    return chart(height, data={"values": rows}, encoding={"x": x}, layer=[*lines, rule])


STAGES = ("new", "retained", "resurrected", "dormant")


def lifecycle_chart(found: Lifecycle) -> Spec:
    """Return active users by origin, above the axis, and dormant ones below it."""
    rows = [
        {
            "start": str(each.start),
            "when": period(each.start, found.unit)
            + (" (not all is known)" if each.is_partial or each.is_lifecycle_partial else ""),
            "stage": stage.capitalize(),
            "order": STAGES.index(stage),
            # Below the axis: dormant users are not among the active ones.
            "users": (getattr(each, stage) or 0) * (-1 if stage == "dormant" else 1),
            "text": "nothing is known" if each.active is None else number(getattr(each, stage)),
            "partial": each.is_partial or each.is_lifecycle_partial,
            "unknown": each.active is None,
        }
        for each in found.stages
        for stage in STAGES
        if stage != "dormant"
        or not each.is_partial  # in a partial period, they may still become active
    ]
    colours = {
        "domain": [stage.capitalize() for stage in STAGES],
        "range": [*SERIES[:3], "var(--faint)"],
    }
    bars = {
        "transform": [{"filter": "!datum.unknown"}],
        "mark": {"type": "bar"},
        "encoding": {
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
    }
    return chart(
        200,
        data={"values": rows},
        encoding={"x": band_x(found.unit)},
        layer=[gaps(200, tooltip(when="", text="Users")), bars],
    )
