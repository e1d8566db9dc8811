"""From Mixpanel into a workspace's tables, or past them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, overload

from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.fetcher import FetcherService
from mixpanel_data._internal.services.query_api.arguments import Day
from mixpanel_data._internal.services.query_api.event_names import warn_about_unknown_events
from mixpanel_data._internal.services.streamer import StreamerService
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data._internal.workspace.descriptors import Delegated
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.types import FetchResult

OnRows = Callable[[int], None]


class Fetching:
    """Brings what was asked for whole, or raises and stores nothing."""

    storage: StorageEngine
    fetcher: FetcherService
    discovery: DiscoveryService

    @overload
    def fetch_events(
        self,
        from_date: Day,
        to_date: Day,
        /,
        *,
        name: str | None = None,
        events: Sequence[str] | None = None,
        where: str | None = None,
        append: bool = False,
        progress: OnRows | None = None,
    ) -> FetchResult: ...
    @overload
    def fetch_events(
        self,
        name: str,
        from_date: Day,
        to_date: Day,
        /,
        *,
        events: Sequence[str] | None = None,
        where: str | None = None,
        append: bool = False,
        progress: OnRows | None = None,
    ) -> FetchResult: ...
    @overload
    def fetch_events(
        self,
        *,
        name: str | None = None,
        from_date: Day,
        to_date: Day,
        events: Sequence[str] | None = None,
        where: str | None = None,
        append: bool = False,
        progress: OnRows | None = None,
    ) -> FetchResult: ...
    def fetch_events(
        self,
        *given: Day,
        name: str | None = None,
        from_date: Day | None = None,
        to_date: Day | None = None,
        events: Sequence[str] | None = None,
        where: str | None = None,
        append: bool = False,
        progress: OnRows | None = None,
    ) -> FetchResult:
        """Fetch the events of the days ``from_date`` to ``to_date``, both included, into the table
        ``name``.

        ``fetch_events("2026-01-01", "2026-01-31")``; or with the table's name in front; or all by
        keyword. Without a name the table is ``events``, and ``fetched_events`` where the project
        publishes a table ``events``: what is published is never hidden. ``result.table`` says
        which. Days are UTC (those of the project's zone for projects created before 2023).

        ``events`` are names, ``where`` is an expression of Mixpanel's segmentation language.
        ``append`` adds to a table that is there. An event that comes more than once, in one fetch
        or in several, is there once, as in what `mp sync` publishes: the copy that Mixpanel
        processed last; so the same days fetched again change nothing. ``progress`` is called with
        the number of events that have come so far. When nothing comes of named ``events``, a
        ConfigWarning says which of them Mixpanel does not know.

        A line that can't be read, and comes the same when it is asked for once more, costs no
        other: it is left out, or repaired, kept in the table ``_rejected``, named in ``rejected``
        or ``repaired`` of the result, and by a RejectedLinesWarning.

        Raises:
            TableExistsError: the table is there, and ``append`` is not asked for, or it is
                published.
            TableNotFoundError: there is none to append to.
            IncompleteExportError: a day did not come whole; nothing was stored.
            ConfigError: days or names that can't be, or no credentials.
            APIError: what Mixpanel refuses, by its subclasses.
        """
        target = target_of(given, name, from_date, to_date)
        result = self.fetcher.fetch_events(
            self._usual("events") if target.name is None else target.name,
            target.from_date,
            target.to_date,
            events=events,
            where=where,
            append=append,
            progress=progress,
        )
        if events and not result.rows:
            named = [events] if isinstance(events, str) else events
            warn_about_unknown_events(named, self.discovery.events, stacklevel=3)
        return result

    def fetch_profiles(
        self,
        name: str | None = None,
        *,
        where: str | None = None,
        output_properties: Sequence[str] | None = None,
        cohort_id: int | None = None,
        append: bool = False,
        progress: OnRows | None = None,
    ) -> FetchResult:
        """Fetch the user profiles, or those of a saved cohort, for which ``where`` is true, into
        the table ``name``.

        Without a name the table is ``profiles``, or ``fetched_profiles`` where the project
        publishes one. ``where`` is an expression, such as ``properties["$last_seen"] >=
        "2026-01-01"``; ``output_properties`` names the properties to bring; :meth:`cohorts` has the
        ids of cohorts. Otherwise as :meth:`fetch_events`.
        """
        return self.fetcher.fetch_profiles(
            self._usual("profiles") if name is None else name,
            where=where,
            output_properties=output_properties,
            cohort_id=cohort_id,
            append=append,
            progress=progress,
        )

    stream_events = Delegated("streamer", StreamerService.stream_events)
    stream_profiles = Delegated("streamer", StreamerService.stream_profiles)

    def _usual(self, name: str) -> str:
        return f"fetched_{name}" if self.storage.is_published(name) else name


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
