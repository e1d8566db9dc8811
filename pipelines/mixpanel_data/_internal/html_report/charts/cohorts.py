"""The charts of retention and funnels."""

from mixpanel_data._internal.html_report.charts.style import SERIES, chart, tooltip
from mixpanel_data._internal.html_report.charts.vega import Spec
from mixpanel_data._internal.html_report.formatting import NOTHING, name, number, percent, plural
from mixpanel_data._internal.html_report.sections.funnels import Funnel
from mixpanel_data._internal.html_report.sections.retention import Cohort, Retention

ROW = 30


def cohort_name(cohort: Cohort, unit: str) -> str:
    """Return the label of a row of the heat map."""
    if cohort.start is None:
        return "All cohorts"
    return f"{cohort.start:%b %Y}" if unit == "month" else f"{cohort.start.day} {cohort.start:%b}"


def heat_map_chart(retention: Retention) -> Spec:
    """Return a heat map of cohorts, top to bottom, by time since birth, left to right.

    The stronger the colour, the more users returned.
    """
    rows = [
        {
            "row": index,
            "cohort": cohort_name(cohort, retention.unit),
            "interval": cell.interval,
            "rate": cell.on,
            "text": f"{cell.on:.0%}",
            "short": f"{100 * cell.on:.0f}",
            "when": f"{cohort_name(cohort, retention.unit)}, {retention.unit} {cell.interval}",
            "size": plural(cohort.size, "user"),
            "on": percent(cell.on) + ("" if cell.is_complete else " (not all is known)"),
            "after": percent(cell.on_or_after),
            "open": not cell.is_complete,
        }
        for index, cohort in enumerate(retention.cohorts)
        for cell in cohort.cells
        if cell.on is not None
    ]
    labels = [cohort_name(cohort, retention.unit) for cohort in retention.cohorts]
    # Interval 0 is the birth itself, so there is one column more than the highest interval.
    columns = 1 + max((c.interval for cohort in retention.cohorts for c in cohort.cells), default=0)
    # A label in an expression is code. Labels are made from dates above, never from names of the
    # data; those that are not ASCII stay out of it.
    name_row = (
        f"{labels!r}[datum.value]" if all(label.isascii() for label in labels) else "datum.value"
    )
    x = {
        "field": "interval",
        "type": "ordinal",
        "scale": {"paddingInner": 0.06},
        "axis": {
            "orient": "top",
            "title": f"{retention.unit.capitalize()}s since the first event",
            "titleAnchor": "start",  # visible without scrolling
            "labelAngle": 0,
            "labelOverlap": True,
            "labelSeparation": 6,
            "domain": False,
            "ticks": False,
        },
    }
    y = {
        "field": "row",
        "type": "ordinal",
        "scale": {"paddingInner": 0.08},
        "axis": {"title": None, "labelExpr": name_row, "domain": False, "ticks": False},
    }
    cells = {
        "mark": {"type": "rect", "fill": SERIES[0], "cornerRadius": 3},
        "encoding": {
            "fillOpacity": {
                "field": "rate",
                "type": "quantitative",
                # Rates after the first interval are mostly below 20 %, which a linear scale would
                # draw alike.
                "scale": {"type": "sqrt", "domain": [0, 1], "range": [0.05, 1]},
                "legend": None,
            },
            "tooltip": tooltip(
                when="", size="Cohort", on="Returned just then", after="Then or later"
            ),
        },
    }
    # Dashed outlines: these rates can still rise.
    unfinished = {
        "transform": [{"filter": "datum.open"}],
        "mark": {
            "type": "rect",
            "filled": False,
            "stroke": SERIES[0],
            "strokeDash": [2, 3],
            "cornerRadius": 3,
            "tooltip": None,
        },
    }
    room = f"width / {columns}"
    texts = [
        _texts("text", 11, f"{room} >= 33"),
        _texts(
            "short", 10, f"{room} >= 22 && {room} < 33"
        ),  # without the percent sign, which the page explains
    ]
    return chart(
        ROW * len(retention.cohorts),
        data={"values": rows},
        encoding={"x": x, "y": y},
        layer=[cells, unfinished, *texts],
    )


def _texts(field: str, size: int, fits: str) -> Spec:
    """Return the numbers in the cells, shown only where they fit; the table has all of them."""
    colour = {
        # From this rate on, the fill is too strong for the colour of text on the page.
        "condition": {"test": "datum.rate > 0.55", "value": "var(--on-c1)"},
        "value": "var(--ink)",
    }
    return {
        "mark": {"type": "text", "fontSize": size, "opacity": {"expr": f"{fits} ? 1 : 0"}},
        "encoding": {"text": {"field": field}, "color": colour},
    }


_STEP_ROOM = "bandwidth('x') / 0.7"
"""Pixels between two steps, in Vega's expressions."""

# Breaks a name at spaces into lines of as many characters as the column has room for, at 7.5 pixels
# a character; $1 and a line break follow each.
_STEP_PATTERN = f"regexp('(.{{1,' + max(4, floor({_STEP_ROOM} / 7.5)) + '}}) *( |$)', 'g')"
_STEP_LINES = f"slice(split(replace(datum.value, {_STEP_PATTERN}, '$1\\n'), '\\n'), 0, -1)"
_STEP_LABEL = (
    f"{_STEP_ROOM} < 40 ? split(datum.value, '.')[0]"
    f" : length({_STEP_LINES}) > 4 ? [{_STEP_LINES}[0], {_STEP_LINES}[1], {_STEP_LINES}[2], {_STEP_LINES}[3] + '\u2026']"
    f" : {_STEP_LINES}"
)


def funnel_chart(found: Funnel) -> Spec:
    """Return a column for each step: the users who reached it, and paler those who had entered.

    The axis has the events of the steps, on up to four lines; where there is no room for them, only
    the step's number.
    """
    rows = [
        {
            "step": f"{step.number}. {name(step.events)}",
            "reached": step.reached,
            "entries": found.entries,
            "rate": percent(step.reached / found.entries) if found.entries else NOTHING,
            "text": f"{number(step.reached)} of {number(found.entries)}",
            "events": name(step.events),
        }
        for step in found.steps
    ]
    x = {
        "field": "step",
        "type": "ordinal",
        "scale": {"paddingInner": 0.3, "paddingOuter": 0.15},
        "sort": None,
        "axis": {
            "title": None,
            "labelExpr": _STEP_LABEL,
            "labelLimit": {"expr": f"{_STEP_ROOM} - 3"},
            "labelFontSize": {"expr": f"{_STEP_ROOM} < 80 ? 10.5 : 12"},
            "labelLineHeight": 14,
            "labelOverlap": False,
            "labelAngle": 0,
            "domain": False,
            "ticks": False,
        },
    }
    axis = {"title": None, "format": ",d"}
    tips = tooltip(events="", text="Reached", rate="Of entries")
    return chart(
        200,
        data={"values": rows},
        encoding={"x": x},
        layer=[
            {
                # All entries, behind the users who reached the step: what is seen of it are those
                # who dropped out.
                "mark": {"type": "bar", "fill": SERIES[0], "fillOpacity": 0.12},
                "encoding": {
                    "y": {"field": "entries", "type": "quantitative", "axis": axis},
                    "tooltip": tips,
                },
            },
            {
                "mark": {"type": "bar", "fill": SERIES[0]},
                "encoding": {"y": {"field": "reached", "type": "quantitative"}, "tooltip": tips},
            },
            {
                "mark": {
                    "type": "text",
                    "dy": -8,
                    "fontSize": 13,
                    "fontWeight": 600,
                    "color": "var(--ink)",
                    "opacity": {"expr": f"{_STEP_ROOM} >= 46 ? 1 : 0"},
                },
                "encoding": {
                    "y": {"field": "reached", "type": "quantitative"},
                    "text": {"field": "rate"},
                },
            },
        ],
    )
