"""The board of experiments: variants, a test of their split, and their results."""

from typing import Any

from mixpanel_data._internal.dashboard.parts import (
    Board,
    Chart,
    Note,
    Part,
    Section,
    Table,
    section_or_reason,
)
from mixpanel_data._internal.dashboard.view import View
from mixpanel_data._internal.html_report.charts.style import MUTED, SERIES, chart, tooltip
from mixpanel_data._internal.html_report.charts.vega import Spec
from mixpanel_data._internal.html_report.formatting import day, name, number, percent
from mixpanel_data._internal.html_report.published_tables import PublishedTables

MOST_VARIANTS = 60
MOST_RESULTS = 60
ROW = 34


def experiment_board(db: PublishedTables, view: View) -> Board:
    """Read the board. Experiments are of all days of the tables and of all users."""
    sections = (
        section_or_reason(
            "Variants", db.section(("experiment_variants",), lambda: _variants(db, view))
        ),
        section_or_reason(
            "Results",
            db.section(("experiment_results", "experiment_variants"), lambda: _results(db, view)),
        ),
    )
    lead = "Whether a variant is better, and how sure that is. Over all days of the tables."
    return Board("Experiments", lead, sections)


def _variants(db: PublishedTables, view: View) -> Section:
    rows = db.rows(
        f"""
        SELECT experiment, variant, is_control, users, expected_users, mixed_users, first_date, last_date,
            sample_ratio_p_value, is_sample_ratio_mismatch, is_partial
        FROM experiment_variants ORDER BY experiment, is_control DESC, variant LIMIT {MOST_VARIANTS}
        """
    )
    if not rows:
        text = (
            "No user has an event $experiment_started with the properties Experiment name and "
            "Variant name. The variable experiments in dbt_project.yml names control and shares."
        )
        return Section("Variants", (Note(text, "configure"),))
    table = Table(
        ("Experiment", "Variant", "Users", "Expected", "In others, too", "First", "Last", "Split"),
        tuple(
            (
                name(experiment),
                name(variant) + (" (control)" if is_control else ""),
                number(users),
                number(expected),
                number(mixed),
                day(first),
                day(last) + (" *" if is_partial else ""),
                "not as planned"
                if mismatch
                else "as planned"
                if p_value is not None
                else "not tested",
            )
            for experiment, variant, is_control, users, expected, mixed, first, last, p_value, mismatch, is_partial in rows
        ),
        texts=2,
    )
    parts: list[Part] = [table]
    wrong = sorted({name(row[0]) for row in rows if row[9]})
    if wrong:
        text = (
            f"{', '.join(wrong)}: more or fewer users are in a variant than chance explains. "
            "Find the fault before you trust the results."
        )
        parts.append(Note(text, "warning"))
    if any(row[10] for row in rows):
        parts.append(Note("* Not all days since the first exposure are known."))
    return Section("Variants", tuple(parts), view.all_users)


def _results(db: PublishedTables, view: View) -> Section:
    rows = db.rows(
        f"""
        SELECT experiment, metric, measure, variant, is_control, users, mean, lift, lift_low, lift_high, p_value, is_partial
        FROM experiment_results ORDER BY experiment, metric, measure, is_control DESC, variant LIMIT {MOST_RESULTS}
        """
    )
    if not rows:
        (experiments,) = db.row("SELECT count(DISTINCT experiment) FROM experiment_variants")
        text = (
            "The variable experiment_metrics in dbt_project.yml names the events by which variants "
            "are compared."
            if experiments
            else "There is no experiment. The variable experiment_metrics names the events by which "
            "variants are compared."
        )
        return Section("Results", (Note(text, "configure"),))
    parts: list[Part] = []
    for experiment in dict.fromkeys(row[0] for row in rows):
        compared = [row for row in rows if row[0] == experiment and row[7] is not None]
        if compared:
            title = f"{name(experiment)}: lift over the control, with its interval of 95 %"
            parts.append(Chart(title, _lift_chart(compared)))
    parts.append(
        Table(
            (
                *("Experiment", "Metric", "Variant", "Users", "Mean", "Lift", "From", "To"),
                "p-value",
            ),
            tuple(
                (
                    name(experiment),
                    f"{name(metric)} ({measure})",
                    name(variant) + (" (control)" if is_control else ""),
                    number(users),
                    percent(mean) if measure == "conversion" else _exact(mean),
                    *(number(None) if value is None else f"{value:+.1%}" for value in lifts),
                    _exact(p_value) + (" *" if is_partial else ""),
                )
                for experiment, metric, measure, variant, is_control, users, mean, *lifts, p_value, is_partial in rows
            ),
            texts=3,
        )
    )
    parts.append(
        Note(
            "Welch's test of one look at one metric: several variants, metrics or looks find more "
            "differences by chance. * Not all days since the first exposure are known."
        )
    )
    return Section("Results", tuple(parts), view.all_users)


def _exact(value: float | None) -> str:
    return number(None) if value is None else f"{value:.3f}"


def _lift_chart(rows: list[tuple[Any, ...]]) -> Spec:
    """Return a point for each lift, and a line from end to end of its interval."""
    values = [
        {
            # Unseen marks make labels differ that look alike.
            "label": f"{name(variant)}: {name(metric)} ({measure})" + "\u200b" * place,
            "lift": lift,
            "low": low,
            "high": high,
            "text": _interval(lift, low, high),
        }
        for place, (_, metric, measure, variant, _, _, _, lift, low, high, *_) in enumerate(rows)
    ]
    y = {
        "field": "label",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "labelLimit": 190, "domain": False, "ticks": False},
    }
    x = {
        "type": "quantitative",
        "axis": {"title": None, "format": "+~%", "grid": True, "tickCount": 4},
    }
    tips = tooltip(label="", text="Lift")
    return chart(
        ROW * len(values),
        data={"values": values},
        encoding={"y": y},
        layer=[
            {
                "mark": {"type": "rule", "stroke": MUTED, "strokeDash": [3, 3]},
                "data": {"values": [{}]},
                "encoding": {"x": {"datum": 0, **x}, "y": None},
            },
            {
                "mark": {"type": "rule", "stroke": SERIES[0], "strokeWidth": 2.5},
                "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}, "tooltip": tips},
            },
            {
                "mark": {
                    "type": "point",
                    "filled": True,
                    "size": 70,
                    "opacity": 1,
                    "color": SERIES[0],
                },
                "encoding": {"x": {"field": "lift", **x}, "tooltip": tips},
            },
        ],
    )


def _interval(lift: float, low: float | None, high: float | None) -> str:
    return f"{lift:+.1%}" + ("" if low is None else f", from {low:+.1%} to {high:+.1%}")
