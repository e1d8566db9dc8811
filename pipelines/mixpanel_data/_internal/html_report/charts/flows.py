"""The Sankey diagram of the first events of sessions."""

from mixpanel_data._internal.html_report.charts.style import GRID, SERIES, chart, tooltip
from mixpanel_data._internal.html_report.charts.vega import Spec
from mixpanel_data._internal.html_report.formatting import name, number, percent
from mixpanel_data._internal.html_report.sections.flows import STEPS, Flows, Stage

HEIGHT = 340
NODE = 0.06
"""Width of a node; a step is 1 wide."""
GAP = 0.035
"""Space between two nodes of a step, as a share of all sessions."""
CURVE = tuple(point / 12 for point in range(13))


def stage_name(stage: Stage | None) -> str:
    """Return the name of an event at a step, or of what is there in its place."""
    if stage is None:
        return "end of the session"
    return "other events" if stage.event is None else name(stage.event)


def flows_chart(flows: Flows) -> Spec:
    """Return the steps, left to right: a node for each event, as high as its sessions, and a band
    for the sessions that go on to the next one.

    What no band leaves a node with ends there.
    """
    tops = _tops(flows)
    lowest = max(tops[stage] + stage.sessions for stage in flows.stages)
    nodes = [
        {
            "x": stage.step - 1,
            "x2": stage.step - 1 + NODE,
            "y": tops[stage],
            "y2": tops[stage] + stage.sessions,
            "middle": tops[stage] + stage.sessions / 2,
            "label": stage_name(stage),
            "title": f"{stage.step}. {stage_name(stage)}",
            "sessions": number(stage.sessions),
            "share": percent(stage.sessions / flows.sessions),
        }
        for stage in flows.stages
    ]
    domain = {"zero": False, "nice": False}
    x = {
        "field": "x",
        "type": "quantitative",
        "scale": {"domain": [0, STEPS], **domain},
        "axis": None,
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "scale": {"domain": [0, lowest], "reverse": True, **domain},
        "axis": None,
    }
    return chart(
        HEIGHT,
        layer=[
            {
                "data": {"values": _bands(flows, tops)},
                "mark": {"type": "area", "fill": SERIES[0], "fillOpacity": 0.22},
                "encoding": {
                    "x": x,
                    "y": y,
                    "y2": {"field": "y2"},
                    "detail": {"field": "band"},
                    "tooltip": tooltip(title="", sessions="Sessions", share="Of the first of them"),
                },
            },
            {
                "data": {"values": nodes},
                "mark": {"type": "rect", "fill": SERIES[0], "stroke": GRID, "strokeWidth": 0.5},
                "encoding": {
                    "x": x,
                    "x2": {"field": "x2"},
                    "y": y,
                    "y2": {"field": "y2"},
                    "tooltip": tooltip(title="", sessions="Sessions", share="Of all sessions"),
                },
            },
            {
                "data": {"values": nodes},
                "mark": {
                    "type": "text",
                    "align": "left",
                    "baseline": "middle",
                    "dx": {"expr": f"width / {STEPS} * {NODE} + 5"},
                    "fontSize": 12,
                    "color": "var(--ink)",
                    "tooltip": None,
                    # Labels only where there is room: the table has all of them.
                    "limit": {"expr": f"width / {STEPS} * {1 - NODE} - 10"},
                    "opacity": {"expr": f"width / {STEPS} >= 70 ? 1 : 0"},
                },
                "transform": [{"filter": f"datum.y2 - datum.y >= {lowest * 12 / HEIGHT}"}],
                "encoding": {"x": x, "y": y | {"field": "middle"}, "text": {"field": "label"}},
            },
        ],
    )


def _tops(flows: Flows) -> dict[Stage, float]:
    """Return the upper end of each node, in sessions."""
    tops: dict[Stage, float] = {}
    below: dict[int, float] = {}
    for stage in flows.stages:
        tops[stage] = below.get(stage.step, 0.0)
        below[stage.step] = tops[stage] + stage.sessions + GAP * flows.sessions
    return tops


def _bands(flows: Flows, tops: dict[Stage, float]) -> list[dict[str, object]]:
    """Return the points of each band, which leaves and reaches its nodes level."""
    left, reached = dict(tops), dict(tops)
    points: list[dict[str, object]] = []
    for band, move in enumerate(flows.moves):
        if move.end is None:
            continue
        start, end = left[move.start], reached[move.end]
        left[move.start] += move.sessions
        reached[move.end] += move.sessions
        for part in CURVE:
            top = start + (end - start) * part * part * (3 - 2 * part)
            points.append(
                {
                    "band": band,
                    "x": move.start.step - 1 + NODE + part * (1 - NODE),
                    "y": top,
                    "y2": top + move.sessions,
                    "title": f"{stage_name(move.start)} \u2192 {stage_name(move.end)}",
                    "sessions": number(move.sessions),
                    "share": percent(move.sessions / move.start.sessions),
                }
            )
    return points
