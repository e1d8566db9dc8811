"""Which days go into which table, in any of the ways one may say it."""

from typing import NamedTuple

from mixpanel_data._internal.query_arguments import Day
from mixpanel_data.exceptions import ConfigError


class Target(NamedTuple):
    """The table, None for the usual one, and the days."""

    name: str | None
    from_date: Day
    to_date: Day


def target_of(
    given: tuple[Day, ...], name: str | None, from_date: Day | None, to_date: Day | None
) -> Target:
    """What ``given`` (two days, or a name before them) and the keywords say together.

    Raises:
        ConfigError: a day is missing, or said twice.
    """
    named, days = (given[0], given[1:]) if len(given) == 3 else (None, given)
    if len(days) not in (0, 2) or (days and (from_date or to_date)) or (named and name):
        raise ConfigError(
            "Say which days: fetch_events('2026-01-01', '2026-01-31'), with a table's name in front, "
            "or by from_date= and to_date=."
        )
    first, last = days if days else (from_date, to_date)
    if not first or not last:
        raise ConfigError(
            f"{'to_date' if first else 'from_date'} is missing. Both days are needed."
        )
    return Target(str(named) if named is not None else name, first, last)
