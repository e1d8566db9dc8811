"""Active users (DAU, WAU, MAU), and their origin."""

from dataclasses import dataclass
from datetime import date, timedelta

from mixpanel_data._internal.html_report.date_range import Unit, bar_unit, bucket_sql, line_unit
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.streams.windows import Window

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Headline:
    """A number of the newest complete day, and the same number earlier; None if unknown."""

    value: float | None
    before: float | None
    """None also if not all of its days are known."""
    is_partial: bool
    """True if not all days of ``value`` are known, so that it is a lower bound."""

    @property
    def change(self) -> float | None:
        """The growth as a share; None unless both numbers are complete."""
        # Growth from 0 has no share, and that of a lower bound no meaning.
        if self.value is None or self.is_partial or not self.before:
            return None
        return self.value / self.before - 1


@dataclass(frozen=True)
class Active:
    """Users of a day. For a longer unit, DAU is the mean of its days; WAU and MAU are of its last
    day.

    Numbers are None if unknown, and lower bounds if marked as partial.
    """

    start: date
    dau: float | None
    wau: int | None
    mau: int | None
    stickiness: float | None
    """None also while MAU is partial, since it would be too high."""
    is_partial: bool
    is_wau_partial: bool
    is_mau_partial: bool


@dataclass(frozen=True)
class Stage:
    """Users of a period by origin, and dormant ones; None if unknown."""

    start: date
    active: int | None
    new: int | None
    retained: int | None
    resurrected: int | None
    dormant: int | None
    is_partial: bool
    """True if not all of the period is known."""
    is_lifecycle_partial: bool
    """True if not all of it, or of the time before that decides about the origin, is known."""


@dataclass(frozen=True)
class Activity:
    """Users over time."""

    day: date | None
    """The newest complete day, to which the headlines refer."""
    dau: Headline
    wau: Headline
    mau: Headline
    stickiness: Headline
    new_users: Headline
    """Of 7 days, and of the 7 days before."""
    events: Headline
    """Of 7 days, and of the 7 days before."""
    unit: Unit
    active: tuple[Active, ...]

    @property
    def has_lower_bounds(self) -> bool:
        """True if a WAU or MAU covers days that are not known."""
        return any(
            (each.is_wau_partial and each.wau is not None)
            or (each.is_mau_partial and each.mau is not None)
            for each in self.active
        )

    @property
    def is_sticky(self) -> bool:
        """True if there is any DAU / MAU."""
        return any(each.stickiness is not None for each in self.active)


@dataclass(frozen=True)
class Lifecycle:
    """Users by stage."""

    unit: Unit
    stages: tuple[Stage, ...]


def read_activity(
    db: PublishedTables, span: Window, *, table: str = "daily_active_users"
) -> Activity:
    """Read the activity from ``daily_active_users``, or from SQL with its columns."""
    # A partial day would show a drop in each headline.
    day: date | None = db.row(
        "SELECT max(event_date) FILTER (WHERE NOT is_partial AND event_date <= $last) FROM "
        + table,
        last=span.last,
    )[0]
    unit = line_unit(span)
    return Activity(
        day=day,
        dau=_headline(db, table, "dau", "is_partial", day, WEEK),
        wau=_headline(db, table, "wau", "is_wau_partial", day, WEEK),
        mau=_headline(db, table, "mau", "is_mau_partial", day, MONTH),
        stickiness=_headline(db, table, "stickiness", "is_mau_partial", day, MONTH),
        new_users=_headline(db, table, "new_users", "is_lifecycle_partial", day, WEEK, days=WEEK),
        events=_headline(db, table, "event_count", "is_partial", day, WEEK, days=WEEK),
        unit=unit,
        active=_active(db, table, span, unit),
    )


def _headline(
    db: PublishedTables,
    table: str,
    column: str,
    mark: str,
    day: date | None,
    back: timedelta,
    *,
    days: timedelta = ONE_DAY,
) -> Headline:
    """Return the sum of a column over the ``days`` up to ``day``, and over those ``back``
    before."""
    if day is None:
        return Headline(None, None, is_partial=False)
    value, is_partial = _sum(db, table, column, mark, day, days)
    before, is_partial_before = _sum(db, table, column, mark, day - back, days)
    return Headline(value, None if is_partial_before else before, is_partial)


def _sum(
    db: PublishedTables, table: str, column: str, mark: str, day: date, days: timedelta
) -> tuple[float | None, bool]:
    """Return the sum, and True if not all of its days are known."""
    # Days before the first event have no row, so their number is compared with the days asked for.
    total, is_partial = db.row(
        f"""
        SELECT sum({column}), coalesce(bool_or({mark}), true) OR count(*) < $days
        FROM {table} WHERE event_date BETWEEN $first AND $day
        """,
        first=day - days + ONE_DAY,
        day=day,
        days=days.days,
    )
    return (None if total is None else float(total)), bool(is_partial)


def _active(db: PublishedTables, table: str, span: Window, unit: Unit) -> tuple[Active, ...]:
    # WAU and MAU are those of the last day with data in each unit: they cover days before it, so
    # sums or means of them have no meaning. Stickiness is a ratio of sums, over days with a
    # complete MAU.
    rows = db.rows(
        f"""
        SELECT {bucket_sql(unit, "event_date")} AS start, avg(dau),
               arg_max(wau, event_date) FILTER (WHERE dau IS NOT NULL),
               arg_max(mau, event_date) FILTER (WHERE dau IS NOT NULL),
               sum(dau) FILTER (WHERE NOT is_mau_partial)
               / nullif(sum(mau) FILTER (WHERE NOT is_mau_partial), 0)::DOUBLE,
               bool_or(is_partial),
               coalesce(arg_max(is_wau_partial, event_date) FILTER (WHERE dau IS NOT NULL), true),
               coalesce(arg_max(is_mau_partial, event_date) FILTER (WHERE dau IS NOT NULL), true)
        FROM {table} WHERE event_date BETWEEN $first AND $last GROUP BY start ORDER BY start
        """,
        first=span.first,
        last=span.last,
    )
    return tuple(Active(*row) for row in rows)


def read_lifecycle(db: PublishedTables, span: Window) -> Lifecycle:
    """Read the lifecycle from ``lifecycle``, for periods that begin within ``span``."""
    unit = bar_unit(span)
    # The model has a row for each kind of period; only one kind is shown.
    rows = db.rows(
        """
        SELECT period_start, active_users, new_users, retained_users, resurrected_users, dormant_users, is_partial,
               is_lifecycle_partial
        FROM lifecycle WHERE period = $unit AND period_start BETWEEN $first AND $last ORDER BY period_start
        """,
        unit=unit,
        first=span.first,
        last=span.last,
    )
    return Lifecycle(unit, tuple(Stage(*row) for row in rows))
