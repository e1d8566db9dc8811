"""Lists the events, properties, saved reports and Lexicon schemas of a project."""

from collections.abc import Callable, Hashable
from typing import Literal, TypeVar

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.services.catalog import answers
from mixpanel_data._internal.services.catalog.cache import SessionCache
from mixpanel_data._internal.services.catalog.lexicon import parse_lexicon_schemas
from mixpanel_data._internal.services.query_api.answers import require_object, require_objects
from mixpanel_data._internal.services.query_api.arguments import require_at_most, require_choice
from mixpanel_data._internal.services.query_api.client import QueryAPI
from mixpanel_data._internal.services.query_api.event_names import raise_for_misspelled_events
from mixpanel_data.types import BookmarkInfo, FunnelInfo, LexiconSchema, SavedCohort, TopEvent

T = TypeVar("T")

COUNTS = ("general", "unique", "average")
# The server's maximum number of names; it silently reduces larger limits (Mixpanel's own headless
# client).
MOST_NAMES = 5000


class DiscoveryService:
    """Lists the contents of a project, and caches each list until called with ``refresh``.

    May be shared between threads. ``workspace_id`` narrows all but reports and lexicon to a data
    view. Every method raises AuthenticationError, RateLimitError, QueryError (with ``plan_limit``
    if the project's plan lacks the query API), ServerError or APIError. Methods with a ``limit`` or
    type raise ConfigError for an invalid one, before any request.
    """

    def __init__(self, client: MixpanelAPIClient, *, workspace_id: int | None = None) -> None:
        self._client = client
        self._api = QueryAPI(client, workspace_id)
        self._cache = SessionCache()

    def refresh(self) -> None:
        """Clear the cache, so that the next call requests each list."""
        self._cache.clear()

    def events(self, *, refresh: bool = False) -> list[str]:
        """Return the names of the events of the last 31 days, in alphabetical order.

        At most 5,000: the most common ones (Mixpanel's query OpenAPI file; the maximum is that of
        its headless client).

        Args:
            refresh: Request it once more, also if this workspace has it already.

        Raises:
            APIError: if Mixpanel rejects the request or does not answer it, by its subclasses.
        """

        def load() -> list[str]:
            with self._api.get("events/names", type="general", limit=MOST_NAMES) as answer:
                return answers.parse_texts(answer)

        return sorted(self._cached(("events",), load, refresh))

    def properties(self, event: str, *, limit: int = 1000, refresh: bool = False) -> list[str]:
        """Return the names of the ``limit`` most common properties of ``event``, in alphabetical
        order.

        They include those that Mixpanel computes.

        Args:
            event: Name of the event.
            limit: The number of properties.
            refresh: Request it once more, also if this workspace has it already.

        Raises:
            QueryError: if there are none, and ``event`` looks like a misspelled name.
        """
        require_at_most("limit", limit)

        def load() -> list[str]:
            with self._api.get("events/properties/top", event=event, limit=limit) as answer:
                # The keys; the values are counts, of which a name is all that the caller asked for.
                return list(require_object(answer))

        return sorted(self._cached_for_event(event, ("properties", event, limit), load, refresh))

    def property_values(
        self, event: str, property: str, *, limit: int = 255, refresh: bool = False
    ) -> list[str]:
        """Return the ``limit`` most common values of ``property`` on ``event``, as texts.

        They are in Mixpanel's order.

        Args:
            event: Name of the event.
            property: Name of the property.
            limit: The number of values.
            refresh: Request it once more, also if this workspace has it already.

        Raises:
            QueryError: if there are none, and ``event`` looks like a misspelled name.
        """
        require_at_most("limit", limit)

        def load() -> list[str]:
            request = self._api.get(
                "events/properties/values", event=event, name=property, limit=limit
            )
            with request as answer:
                return answers.parse_texts(answer)

        return self._cached_for_event(event, ("values", event, property, limit), load, refresh)

    def top_events(
        self,
        type: Literal["general", "unique", "average"] = "general",
        *,
        limit: int = 100,
        refresh: bool = False,
    ) -> list[TopEvent]:
        """Return the most common events of today so far (project's time zone), compared with
        yesterday.

        ``type``: ``general`` counts events, ``unique`` users, ``average`` events a user.

        Args:
            type: ``general`` counts events, ``unique`` users, ``average`` events a user.
            limit: The number of events.
            refresh: Request it once more, also if this workspace has it already.

        Raises:
            ConfigError: for any other ``type``, before any request.
        """
        require_choice("type", type, COUNTS)
        require_at_most("limit", limit)

        def load() -> list[TopEvent]:
            with self._api.get("events/top", type=type, limit=limit) as answer:
                return answers.parse_top_events(answer)

        return self._cached(("top", type, limit), load, refresh)

    def funnels(self, *, refresh: bool = False) -> list[FunnelInfo]:
        """Return the saved funnels.

        Args:
            refresh: Request it once more, also if this workspace has it already.

        Raises:
            APIError: if Mixpanel rejects the request or does not answer it, by its subclasses.
        """

        def load() -> list[FunnelInfo]:
            with self._api.get("funnels/list") as answer:
                return answers.parse_funnels(answer)

        return self._cached(("funnels",), load, refresh)

    def cohorts(self, *, refresh: bool = False) -> list[SavedCohort]:
        """Return the saved cohorts, including hidden ones.

        Args:
            refresh: Request it once more, also if this workspace has it already.

        Raises:
            APIError: if Mixpanel rejects the request or does not answer it, by its subclasses.
        """

        def load() -> list[SavedCohort]:
            # A POST, though it only reads (Mixpanel's query OpenAPI file).
            with self._api.post("cohorts/list") as answer:
                return answers.parse_cohorts(answer)

        return self._cached(("cohorts",), load, refresh)

    def bookmarks(self, type: str | None = None, *, refresh: bool = False) -> list[BookmarkInfo]:
        """Return the saved reports, or those of one ``type``.

        The types are ``insights``, ``funnels``, ``retention``, ``flows``, ``launch-analysis``.
        Mixpanel does not document this call; its own headless client uses it.

        Args:
            type: The type of the reports. None: all.
            refresh: Request it once more, also if this workspace has it already.

        Raises:
            APIError: if Mixpanel rejects the request or does not answer it, by its subclasses.
        """

        def load() -> list[BookmarkInfo]:
            params = {"v": "2"} | ({"type": type} if type else {})
            with self._client.app("bookmarks", params) as answer:
                return answers.parse_bookmarks(answer)

        return self._cached(("bookmarks", type), load, refresh)

    def lexicon(
        self,
        entity_type: Literal["event", "profile"] | None = None,
        name: str | None = None,
        *,
        refresh: bool = False,
    ) -> list[LexiconSchema]:
        """Return the Lexicon's descriptions of events and profiles, or of one type or name.

        It does not list all that exist: for that see :meth:`events`.

        Args:
            entity_type: ``event`` or ``profile``. None: both.
            name: Name of the event, or of the type of profiles. None: all.
            refresh: Request it once more, also if this workspace has it already.

        Raises:
            ConfigError: for another ``entity_type``, before any request.
        """
        if entity_type is not None:
            require_choice("entity_type", entity_type, ("event", "profile"))

        # Always fetched as a whole: Mixpanel permits five calls a minute.
        def load() -> list[LexiconSchema]:
            with self._client.app("schemas", {}) as answer:
                return parse_lexicon_schemas(require_objects(require_object(answer).get("results")))

        return [
            schema
            for schema in self._cached(("lexicon",), load, refresh)
            if entity_type in (None, schema.entity_type) and name in (None, schema.name)
        ]

    def _cached(self, key: Hashable, load: Callable[[], list[T]], refresh: bool) -> list[T]:
        # A copy, since the caller may change the list.
        return list(self._cache.get(key, load, refresh=refresh))

    def _cached_for_event(
        self, event: str, key: Hashable, load: Callable[[], list[str]], refresh: bool
    ) -> list[str]:
        found = self._cached(key, load, refresh)
        # An event without properties and a misspelled one have the same answer: an empty list.
        if not found:
            raise_for_misspelled_events([event], self.events)
        return found
