"""What there is in a project."""

from collections.abc import Callable, Hashable
from typing import Literal, TypeVar

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.services.catalog import answers
from mixpanel_data._internal.services.catalog.cache import SessionCache
from mixpanel_data._internal.services.catalog.lexicon import lexicon_schemas
from mixpanel_data._internal.services.query_api.answers import items, member
from mixpanel_data._internal.services.query_api.arguments import at_most, choice
from mixpanel_data._internal.services.query_api.client import QueryAPI
from mixpanel_data._internal.services.query_api.event_names import refuse_slips
from mixpanel_data.types import BookmarkInfo, FunnelInfo, LexiconSchema, SavedCohort, TopEvent

T = TypeVar("T")

COUNTS = ("general", "unique", "average")
# The server's ceiling for names, which silently reduces what is more (Mixpanel's own headless
# client).
_MOST_NAMES = 5000


class DiscoveryService:
    """Lists what there is, and remembers it: each question is asked once a service, until it is
    told to ``refresh``.

    May be shared between threads. ``workspace_id`` narrows all but reports and lexicon to a data
    view. Every method raises AuthenticationError, RateLimitError, QueryError (with ``plan_limit``
    where the project's plan lacks the query API), ServerError or APIError; those that take a
    ``limit`` or a type raise ConfigError, before anything is asked, for one that can't be right.
    """

    def __init__(self, client: MixpanelAPIClient, *, workspace_id: int | None = None) -> None:
        self._client = client
        self._api = QueryAPI(client, workspace_id)
        self._cache = SessionCache()

    def refresh(self) -> None:
        """Forget everything, so that it is asked for again."""
        self._cache.clear()

    def events(self, *, refresh: bool = False) -> list[str]:
        """The names of the events of the last 31 days, in alphabetical order.

        At most 5,000: the most common ones (Mixpanel's query OpenAPI file; the ceiling is its
        headless client's).
        """

        def load() -> list[str]:
            with self._api.get("events/names", type="general", limit=_MOST_NAMES) as answer:
                return answers.texts(answer)

        return sorted(self._once(("events",), load, refresh))

    def properties(self, event: str, *, limit: int = 1000, refresh: bool = False) -> list[str]:
        """The names of the ``limit`` most common properties of ``event``, in alphabetical order.

        Among them are those that Mixpanel computes. Raises QueryError when there are none and
        ``event`` looks like a misspelt one.
        """
        at_most("limit", limit)

        def load() -> list[str]:
            with self._api.get("events/properties/top", event=event, limit=limit) as answer:
                return list(member(answer))

        return sorted(self._once_of(event, ("properties", event, limit), load, refresh))

    def property_values(
        self, event: str, property: str, *, limit: int = 255, refresh: bool = False
    ) -> list[str]:
        """The ``limit`` most common values of ``property`` on ``event``, as texts, in Mixpanel's
        order.

        Raises QueryError when there are none and ``event`` looks like a misspelt one.
        """
        at_most("limit", limit)

        def load() -> list[str]:
            asked = self._api.get(
                "events/properties/values", event=event, name=property, limit=limit
            )
            with asked as answer:
                return answers.texts(answer)

        return self._once_of(event, ("values", event, property, limit), load, refresh)

    def top_events(
        self,
        type: Literal["general", "unique", "average"] = "general",
        *,
        limit: int = 100,
        refresh: bool = False,
    ) -> list[TopEvent]:
        """The most common events of today (project's time zone) so far, with the change against
        yesterday.

        ``type``: ``general`` counts events, ``unique`` users, ``average`` events a user. Raises
        ConfigError for another.
        """
        choice("type", type, COUNTS)
        at_most("limit", limit)

        def load() -> list[TopEvent]:
            with self._api.get("events/top", type=type, limit=limit) as answer:
                return answers.top_events(answer)

        return self._once(("top", type, limit), load, refresh)

    def funnels(self, *, refresh: bool = False) -> list[FunnelInfo]:
        """The saved funnels."""

        def load() -> list[FunnelInfo]:
            with self._api.get("funnels/list") as answer:
                return answers.funnels(answer)

        return self._once(("funnels",), load, refresh)

    def cohorts(self, *, refresh: bool = False) -> list[SavedCohort]:
        """The saved cohorts, hidden ones included."""

        def load() -> list[SavedCohort]:
            with self._api.post("cohorts/list") as answer:
                return answers.cohorts(answer)

        return self._once(("cohorts",), load, refresh)

    def bookmarks(self, type: str | None = None, *, refresh: bool = False) -> list[BookmarkInfo]:
        """The saved reports, or those of one ``type``: ``insights``, ``funnels``, ``retention``,
        ``flows``, ``launch-analysis``.

        Mixpanel does not document this call; its own headless client uses it.
        """

        def load() -> list[BookmarkInfo]:
            params = {"v": "2"} | ({"type": type} if type else {})
            with self._client.app("bookmarks", params) as answer:
                return answers.bookmarks(answer)

        return self._once(("bookmarks", type), load, refresh)

    def lexicon(
        self,
        entity_type: Literal["event", "profile"] | None = None,
        name: str | None = None,
        *,
        refresh: bool = False,
    ) -> list[LexiconSchema]:
        """What somebody wrote down about events and profiles, or about those of one type or name.

        It is not the list of what exists: for that see :meth:`events`. Raises ConfigError for
        another ``entity_type``.
        """
        if entity_type is not None:
            choice("entity_type", entity_type, ("event", "profile"))

        # Always whole: Mixpanel allows five calls a minute.
        def load() -> list[LexiconSchema]:
            with self._client.app("schemas", {}) as answer:
                return lexicon_schemas(items(member(answer).get("results")))

        return [
            schema
            for schema in self._once(("lexicon",), load, refresh)
            if entity_type in (None, schema.entity_type) and name in (None, schema.name)
        ]

    def _once(self, key: Hashable, load: Callable[[], list[T]], refresh: bool) -> list[T]:
        # A copy: what a caller does to his list is his own business.
        return list(self._cache.get(key, load, refresh=refresh))

    def _once_of(
        self, event: str, key: Hashable, load: Callable[[], list[str]], refresh: bool
    ) -> list[str]:
        found = self._once(key, load, refresh)
        if not found:
            refuse_slips([event], self.events)
        return found
