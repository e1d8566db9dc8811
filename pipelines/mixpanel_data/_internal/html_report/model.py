"""The model of a report: everything that the page shows."""

from dataclasses import dataclass
from datetime import date, datetime

from mixpanel_data._internal.html_report.date_range import covered_days, resolve_span
from mixpanel_data._internal.html_report.model_settings import Definitions, read_definitions
from mixpanel_data._internal.html_report.published_tables import PublishedTables, Unavailable
from mixpanel_data._internal.html_report.sections.activity import (
    Activity,
    Lifecycle,
    read_activity,
    read_lifecycle,
)
from mixpanel_data._internal.html_report.sections.events import (
    Catalogue,
    Events,
    read_catalogue,
    read_events,
)
from mixpanel_data._internal.html_report.sections.flows import Flows, read_flows
from mixpanel_data._internal.html_report.sections.freshness import Freshness, read_freshness
from mixpanel_data._internal.html_report.sections.funnels import Funnel, read_funnels
from mixpanel_data._internal.html_report.sections.quality import (
    Anomalies,
    Duplicates,
    FailedCast,
    LateArrivals,
    read_anomalies,
    read_casts,
    read_duplicates,
    read_late,
)
from mixpanel_data._internal.html_report.sections.retention import Retention, read_retentions
from mixpanel_data._internal.html_report.sections.revenue import Revenue, read_revenue
from mixpanel_data._internal.html_report.sections.sessions import (
    Sessions,
    SessionsOf,
    read_sessions,
)
from mixpanel_data._internal.html_report.sections.sources import (
    Sources,
    read_countries,
    read_sources,
)
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import today


@dataclass(frozen=True)
class Sections:
    """The parts that need days with data. None for a part whose properties the project does not
    send."""

    activity: Activity | Unavailable
    lifecycle: Lifecycle | Unavailable
    retentions: tuple[Retention, ...] | Unavailable
    funnels: tuple[Funnel, ...] | Unavailable
    revenue: Revenue | Unavailable | None
    sessions: Sessions | Unavailable | None
    flows: Flows | Unavailable | None
    sources: Sources | Unavailable | None
    countries: tuple[SessionsOf, ...] | Unavailable | None
    events: Events | Unavailable
    catalogue: tuple[Catalogue, ...] | Unavailable
    late: LateArrivals | Unavailable
    duplicates: Duplicates | Unavailable
    anomalies: Anomalies | Unavailable
    casts: tuple[FailedCast, ...] | Unavailable


@dataclass(frozen=True)
class Report:
    """The report on some days of a published file.

    Times are naive UTC, days those of the project's zone.
    """

    project_id: str | None
    region: str | None
    definitions: Definitions
    made_at: datetime
    published_at: datetime
    covered: Window | None
    """The days in the file."""
    span: Window | None
    """The days of the report."""
    profiles: int | None
    freshness: Freshness | Unavailable
    sections: Sections | None
    """None if no day was ever fetched."""


def read_report(
    db: PublishedTables, *, first: date | None = None, last: date | None = None, now: datetime
) -> Report:
    """Read the report on the days ``first`` to ``last``, by default the last 90 available ones.

    ``now`` is a time with a zone.

    Raises:
        ConfigError: if none of these days is available.
    """
    definitions = read_definitions(db)
    days = covered_days(db)
    span = resolve_span(days, first, last)
    project, region = _project(db)
    # The zone of the tables, which decides where a day ends; the reader may be in another.
    this_day = today(definitions.zone, now)
    return Report(
        project_id=project,
        region=region,
        definitions=definitions,
        made_at=now.replace(tzinfo=None),
        published_at=db.published_at,
        covered=days,
        span=span,
        profiles=db.row("SELECT count(*) FROM profiles")[0] if "profiles" in db.tables else None,
        freshness=db.section(("dq_days",), lambda: read_freshness(db, span, this_day)),
        sections=_sections(db, definitions, span, first) if span else None,
    )


def _project(db: PublishedTables) -> tuple[str | None, str | None]:
    if "_metadata" not in db.tables:
        return None, None
    found = db.rows("SELECT project_id, region FROM _metadata LIMIT 1")
    return (found[0][0], found[0][1]) if found else (None, None)


def _sections(
    db: PublishedTables, definitions: Definitions, span: Window, since: date | None
) -> Sections:
    section = db.section
    # First, because the catalogue shows the properties of the events that it finds.
    events = section(("daily_events", "days"), lambda: read_events(db, definitions, span))
    names = () if isinstance(events, Unavailable) else tuple(event.name for event in events.top)
    return Sections(
        activity=section(("daily_active_users",), lambda: read_activity(db, span)),
        lifecycle=section(("lifecycle",), lambda: read_lifecycle(db, span)),
        retentions=section(
            ("retention_cohorts", "retention_averages"),
            lambda: read_retentions(db, definitions, span, since=since),
        ),
        funnels=section(
            ("_settings", "funnel_attempts", "days"),
            lambda: read_funnels(db, definitions, span),
        ),
        revenue=section(
            ("events", "daily_active_users"), lambda: read_revenue(db, definitions, span)
        ),
        sessions=section(("sessions", "daily_active_users"), lambda: read_sessions(db, span)),
        flows=section(("session_paths",), lambda: read_flows(db, span)),
        sources=section(("sessions",), lambda: read_sources(db, definitions, span)),
        countries=section(("sessions",), lambda: read_countries(db, span)),
        events=events,
        catalogue=section(("property_catalog",), lambda: read_catalogue(db, names)),
        late=section(("dq_late_arrivals", "daily_active_users"), lambda: read_late(db, span)),
        duplicates=section(("dq_duplicates",), lambda: read_duplicates(db, span)),
        anomalies=section(("dq_volume",), lambda: read_anomalies(db, span)),
        casts=section(("dq_casts",), lambda: read_casts(db)),
    )
