"""Renders a report as one HTML file without external resources."""

import base64
import hashlib
from importlib.metadata import version
from typing import Any

from mixpanel_data._internal.html_report import formatting
from mixpanel_data._internal.html_report.charts import data_quality, totals, users
from mixpanel_data._internal.html_report.charts.cohorts import (
    cohort_name,
    funnel_chart,
    heat_map_chart,
)
from mixpanel_data._internal.html_report.charts.flows import flows_chart, stage_name
from mixpanel_data._internal.html_report.charts.vega import Spec, page_script
from mixpanel_data._internal.html_report.model import Report
from mixpanel_data._internal.html_report.model_settings import Definitions
from mixpanel_data._internal.html_report.published_tables import Unavailable
from mixpanel_data.exceptions import ConfigError


def render_page(report: Report) -> str:
    """Return the HTML. Raise ConfigError if the extra ``report`` is not installed."""
    templates = _templates()
    code = page_script()
    return str(
        templates.get_template("report.html.j2").render(
            report=report,
            title=_title(report),
            version=version("mixpanel-data"),
            policy=_policy(code),
            script=code,
            charts=_json(chart_specs(report)),
            example_funnel=example_funnel(report),
            session_rule=session_rule(report.definitions),
        )
    )


def chart_specs(report: Report) -> dict[str, Spec]:
    """Return the charts by their names in the page, without those that have no data."""
    found: dict[str, Spec] = {}
    freshness, sections = report.freshness, report.sections
    if not isinstance(freshness, Unavailable) and freshness.stored:
        found["stored"] = data_quality.stored_rows_chart(freshness)
    if sections is None:
        return found
    if not isinstance(sections.activity, Unavailable) and sections.activity.active:
        found["active"] = users.active_users_chart(sections.activity)
    if not isinstance(sections.activity, Unavailable) and sections.activity.is_sticky:
        found["stickiness"] = users.stickiness_chart(sections.activity)
    if not isinstance(sections.lifecycle, Unavailable) and sections.lifecycle.stages:
        found["lifecycle"] = users.lifecycle_chart(sections.lifecycle)
    if not isinstance(sections.retentions, Unavailable):
        for number, retention in enumerate(sections.retentions, 1):
            if retention.cohorts:
                found[f"retention-{number}"] = heat_map_chart(retention)
    if not isinstance(sections.funnels, Unavailable):
        for number, one in enumerate(sections.funnels, 1):
            if one.entries:
                found[f"funnel-{number}"] = funnel_chart(one)
    if sections.revenue and not isinstance(sections.revenue, Unavailable):
        found["revenue"] = totals.revenue_chart(sections.revenue)
    if sections.sessions and not isinstance(sections.sessions, Unavailable):
        found["sessions"] = totals.sessions_chart(sections.sessions)
    if sections.flows and not isinstance(sections.flows, Unavailable):
        found["flows"] = flows_chart(sections.flows)
    if not isinstance(sections.late, Unavailable) and sections.late.over_1_day:
        found["late"] = data_quality.late_events_chart(sections.late)
    return found


def example_funnel(report: Report) -> str:
    """Return an example definition, of the project's own events if it has two."""
    events = report.sections.events if report.sections else None
    names = (
        [] if events is None or isinstance(events, Unavailable) else [e.name for e in events.top]
    )
    plain = [name for name in names if name.isprintable() and not name.startswith("$")]
    steps = plain[:3] if len(plain) > 1 else ["Sign up", "Purchase"]
    lines = [
        "vars:",
        "  funnels:",
        "    - name: first to last",
        "      window: 7  # days",
        "      steps:",
    ]
    return "\n".join(
        [*lines, *(f"        - {_quote_yaml(formatting.name(step))}" for step in steps)]
    )


def session_rule(definitions: Definitions) -> str:
    """Return a sentence on what a session is, by the settings of the tables."""
    values = definitions.values
    kind = values.get("session_kind", "timeout")
    if kind == "property":
        return f"A session is a run of events with one value of {formatting.name(str(values.get('session_property')))}."
    if kind == "event":
        return "A session is what lies between the events that start and end one."
    whose = "device" if values.get("session_identity") == "device" else "user"
    minutes = formatting.number(values.get("session_timeout_minutes", 30))
    midnight = " It ends at midnight." if values.get("session_split_at_midnight", True) else ""
    return f"A session is the events of a {whose} without a pause of more than {minutes} minutes.{midnight}"


def _quote_yaml(text: str) -> str:
    """Return a YAML text in single quotes, in which only these are special."""
    return "'" + text.replace("'", "''") + "'"


def _title(report: Report) -> str:
    project = f"Mixpanel project {report.project_id}" if report.project_id else "Mixpanel"
    return f"{project}: report" + (
        f" up to {formatting.day(report.span.last)}" if report.span else ""
    )


def _policy(code: str) -> str:
    """Return a policy that forbids all requests, and all scripts but its own."""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _json(value: Any) -> Any:
    from jinja2.utils import htmlsafe_json_dumps  # noqa: PLC0415, RUF100 - installed with the extra

    return htmlsafe_json_dumps(value, separators=(",", ":"))


def _templates() -> Any:
    try:
        import jinja2  # noqa: PLC0415, RUF100 - only a report needs it
    except ImportError as error:
        raise ConfigError(
            "A report needs Jinja, which is not installed: pip install 'mixpanel-data[report]'."
        ) from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        {
            filter_name: getattr(formatting, filter_name)
            for filter_name in (
                "number",
                "decimal",
                "money",
                "percent",
                "day",
                "weekday",
                "period",
                "moment",
                "duration",
                "plural",
                "name",
                "sparkline",
            )
        }
    )
    environment.filters["cohort_name"] = cohort_name
    environment.filters["stage_name"] = stage_name
    environment.filters["is_missing"] = lambda section: isinstance(section, Unavailable)
    return environment
