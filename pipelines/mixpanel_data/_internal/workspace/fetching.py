"""Fetches from Mixpanel into a workspace's tables, or streams records."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, overload

from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.fetcher import FetcherService
from mixpanel_data._internal.services.query_api.arguments import Day
from mixpanel_data._internal.services.query_api.event_names import warn_about_unknown_events
from mixpanel_data._internal.services.streamer import StreamerService
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data._internal.workspace.descriptors import ForwardedMethod
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.types import FetchResult

OnRows = Callable[[int], None]


class Fetching:
    """Fetches all of the requested data, or raises and stores nothing."""

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
        """Fetch the events of ``from_date`` to ``to_date``, both included, into the table ``name``.

        Call it as ``fetch_events("2026-01-01", "2026-01-31")``, with the table's name before the
        days, or with keywords only. Without a name the table is ``events``, or ``fetched_events``
        if the project publishes a table ``events``: published tables are never hidden.
        ``result.table`` has the name. Days are UTC (those of the project's zone for projects
        created before 2023).

        ``events`` are names, ``where`` is an expression of Mixpanel's segmentation language.
        ``append`` adds to an existing table. Of duplicate events, in one fetch or several, only the
        copy that Mixpanel processed last is kept, as in the tables that `mp sync` publishes;
        refetching the same days changes nothing. ``progress`` is called with the number of
        events received so far. If no event is found for the given ``events``, a ConfigWarning has
        those that Mixpanel does not have.

        A line that is unreadable, and the same when fetched once more, does not affect others: it
        is left out or repaired, stored in the table ``_rejected``, and listed in ``rejected`` or
        ``repaired`` of the result and in a RejectedLinesWarning.

        Args:
            *given: The days, or the name of the table and the days.
            name: Name of the table.
            from_date: First day, a date or ``YYYY-MM-DD``, in the days of the export: UTC, or the
                project's zone for projects created before 2023.
            to_date: Last day, included.
            events: Names of the events. None: all.
            where: An expression of Mixpanel's segmentation language that the events must match.
            append: Add to an existing table.
            progress: Called with the number of events received so far.

        Raises:
            TableExistsError: if the table exists and ``append`` is false, or it is a published one.
            TableNotFoundError: if there is no table to append to.
            IncompleteExportError: if a day is incomplete; nothing was stored.
            ConfigError: if days or names are invalid, or there are no credentials.
            APIError: if Mixpanel rejects it, by its subclasses.
        """
        target = resolve_target(given, name, from_date, to_date)
        result = self.fetcher.fetch_events(
            self._default_name("events") if target.name is None else target.name,
            target.from_date,
            target.to_date,
            events=events,
            where=where,
            append=append,
            progress=progress,
        )
        # Only after a fetch without events, since the list of known events costs a request.
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
        """Fetch user profiles, or those of a saved cohort, into the table ``name``.

        Without a name the table is ``profiles``, or ``fetched_profiles`` if the project publishes
        one. ``where`` is an expression, such as ``properties["$last_seen"] >= "2026-01-01"``;
        ``output_properties`` lists the properties to fetch; :meth:`cohorts` returns the ids of
        cohorts. One row an id: a later profile replaces an earlier one of the same id.

        Args:
            name: Name of the table.
            where: An expression that the profiles must match.
            output_properties: Names of the properties to fetch. None: all.
            cohort_id: The id of a saved cohort. None: all users.
            append: Add to an existing table.
            progress: Called with the number of profiles received so far.

        Raises:
            TableExistsError, TableNotFoundError, ConfigError, APIError: like :meth:`fetch_events`.
            IncompleteExportError: if not all profiles were received; nothing was stored.
        """
        return self.fetcher.fetch_profiles(
            self._default_name("profiles") if name is None else name,
            where=where,
            output_properties=output_properties,
            cohort_id=cohort_id,
            append=append,
            progress=progress,
        )

    stream_events = ForwardedMethod("streamer", StreamerService.stream_events)
    stream_profiles = ForwardedMethod("streamer", StreamerService.stream_profiles)

    def _default_name(self, name: str) -> str:
        return f"fetched_{name}" if self.storage.is_published(name) else name


class FetchTarget(NamedTuple):
    """The table, None for the default one, and the days."""

    name: str | None
    from_date: Day
    to_date: Day


def resolve_target(
    given: tuple[Day, ...], name: str | None, from_date: Day | None, to_date: Day | None
) -> FetchTarget:
    """Combine positional arguments (two days, or a name before them) and keywords.

    Raises:
        ConfigError: if a day is missing or given twice.
    """
    # Two positional arguments are days; of three, the first is the table's name.
    named, days = (given[0], given[1:]) if len(given) == 3 else (None, given)
    if len(days) not in (0, 2) or (days and (from_date or to_date)) or (named and name):
        raise ConfigError(
            "Give the days: fetch_events('2026-01-01', '2026-01-31'), with a table's name before "
            "them, or by from_date= and to_date=."
        )
    first, last = days if days else (from_date, to_date)
    if not first or not last:
        raise ConfigError(
            f"{'to_date' if first else 'from_date'} is missing. Both days are needed."
        )
    return FetchTarget(str(named) if named is not None else name, first, last)
