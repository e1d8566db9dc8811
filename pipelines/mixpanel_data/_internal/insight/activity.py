"""Who was there: DAU, WAU and MAU, and where users come from."""

from dataclasses import dataclass
from datetime import date, timedelta

from mixpanel_data._internal.insight.published import Published
from mixpanel_data._internal.insight.span import Unit, bucket, coarser, unit_of
from mixpanel_data._internal.windows import Window

FULL_WEEK, FULL_MONTH = timedelta(days=6), timedelta(days=29)


@dataclass(frozen=True)
class Headline:
    """A number of the newest whole day, and the same number earlier; None where it can't be had."""

    value: float | None
    before: float | None

    @property
    def change(self) -> float | None:
        """By which share it grew."""
        if self.value is None or not self.before:
            return None
        return self.value / self.before - 1


@dataclass(frozen=True)
class Active:
    """Users of a day; of a longer unit, the mean of its days for DAU, and its last day for WAU and MAU."""

    start: date
    dau: float
    wau: int
    mau: int
    stickiness: float | None
    is_partial: bool


@dataclass(frozen=True)
class Stage:
    """Where the users of a period come from, and who stayed away."""

    start: date
    active: int
    new: int
    retained: int
    resurrected: int
    dormant: int
    is_partial: bool


@dataclass(frozen=True)
class Activity:
    """Users over time."""

    day: date | None
    """The newest whole day, of which the headlines are."""
    dau: Headline
    wau: Headline
    mau: Headline
    stickiness: Headline
    """None while MAU looks back on fewer than 30 days."""
    new_users: Headline
    """Of 7 days, and of the 7 before."""
    events: Headline
    """Likewise."""
    windows_fill_until: date | None
    """Until this day MAU counts fewer than 30 days, since the data begin too late. None when that is past."""
    unit: Unit
    active: tuple[Active, ...]

    @property
    def sticky(self) -> tuple[Active, ...]:
        """Those whose MAU is of 30 days: before, DAU / MAU starts at 100% and falls."""
        since = self.windows_fill_until
        return tuple(each for each in self.active if since is None or each.start >= since)


@dataclass(frozen=True)
class Lifecycle:
    """Users by stage."""

    unit: Unit
    stages: tuple[Stage, ...]


def read_activity(db: Published, span: Window) -> Activity:
    """By ``daily_active_users``."""
    begun, day = db.row(
        "SELECT min(event_date), max(event_date) FILTER (WHERE NOT is_partial AND event_date <= $last)"
        " FROM daily_active_users",
        last=span.last,
    )
    week_ago = day - timedelta(days=7) if day else None
    month_ago = day - timedelta(days=30) if day else None
    whole_week = week_ago if week_ago and week_ago - FULL_WEEK >= begun else None
    whole_month = month_ago if month_ago and month_ago - FULL_MONTH >= begun else None
    filled = begun + FULL_MONTH if begun else None
    unit = unit_of(span)
    return Activity(
        day=day,
        dau=Headline(_at(db, "dau", day), _at(db, "dau", week_ago)),
        wau=Headline(_at(db, "wau", day), _at(db, "wau", whole_week)),
        mau=Headline(_at(db, "mau", day), _at(db, "mau", whole_month)),
        stickiness=Headline(
            _at(db, "stickiness", day if day and filled and day >= filled else None),
            _at(db, "stickiness", whole_month),
        ),
        new_users=Headline(_week(db, "new_users", day), _week(db, "new_users", whole_week)),
        events=Headline(_week(db, "event_count", day), _week(db, "event_count", whole_week)),
        windows_fill_until=filled if filled and filled > span.first else None,
        unit=unit,
        active=_active(db, span, unit),
    )


def _at(db: Published, column: str, day: date | None) -> float | None:
    found = db.rows(f"SELECT {column} FROM daily_active_users WHERE event_date = $day", day=day)
    return found[0][0] if found else None


def _week(db: Published, column: str, day: date | None) -> float | None:
    found: float | None = db.row(
        f"SELECT sum({column})::BIGINT FROM daily_active_users WHERE event_date BETWEEN $first AND $day",
        day=day,
        first=day - FULL_WEEK if day else None,
    )[0]
    return found


def _active(db: Published, span: Window, unit: Unit) -> tuple[Active, ...]:
    rows = db.rows(
        f"""
        SELECT {bucket(unit, "event_date")} AS start, avg(dau), arg_max(wau, event_date), arg_max(mau, event_date),
               sum(dau) / nullif(sum(mau), 0)::DOUBLE, bool_or(is_partial)
        FROM daily_active_users WHERE event_date BETWEEN $first AND $last GROUP BY start ORDER BY start
        """,
        first=span.first,
        last=span.last,
    )
    return tuple(Active(*row) for row in rows)


def read_lifecycle(db: Published, span: Window) -> Lifecycle:
    """By ``lifecycle``, of the periods that begin within ``span``."""
    unit = coarser(span)
    rows = db.rows(
        """
        SELECT period_start, active_users, new_users, retained_users, resurrected_users, dormant_users, is_partial
        FROM lifecycle WHERE period = $unit AND period_start BETWEEN $first AND $last ORDER BY period_start
        """,
        unit=unit,
        first=span.first,
        last=span.last,
    )
    return Lifecycle(unit, tuple(Stage(*row) for row in rows))
