"""The credentials of a workspace, and its open connection."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from mixpanel_data._internal.api.answer_cache import ResponseCache
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.auth.credentials import credentials_from
from mixpanel_data._internal.config import (
    ConfigManager,
    Credentials,
    Resolution,
    find_credentials,
    require_trusted,
)
from mixpanel_data._internal.rate_limit.waiting import OnWait
from mixpanel_data._internal.run.connection import create_client, create_limiter
from mixpanel_data._internal.services.query_api.arguments import require_choice
from mixpanel_data._internal.settings import Settings
from mixpanel_data.exceptions import ConfigError

REGIONS = ("us", "eu", "in")


@dataclass
class Session:
    """Credentials as of its creation, and a connection, made when first used.

    SQL needs neither, so there may be no credentials; the first ones that a request finds are
    then kept.
    """

    settings: Settings
    account: str | None = None
    region: str | None = None
    config_manager: ConfigManager | None = None
    client_override: MixpanelAPIClient | None = None
    on_wait: OnWait | None = None
    fresh: bool = True
    on_cached: Callable[[float], None] = lambda _age: None

    def __post_init__(self) -> None:
        if self.region is not None:
            self.region = require_choice("region", self.region.strip().lower(), REGIONS)
        if self.client_override is None:
            self._fix_credentials()

    @cached_property
    def resolution(self) -> Resolution:
        """The credentials, and their origin. Raises ConfigError if there are none."""
        if self.config_manager:
            named = self.config_manager.resolve(self.account or self.settings.account)
            found = require_trusted(self.settings, named)
        else:
            found = find_credentials(self.settings, self.account)
        if self.region is None:
            return found
        return Resolution(_in_region(found.credentials, self.region), found.origin, found.account)

    def _fix_credentials(self) -> None:
        """Keep the current credentials, if any: another process may change the default account.

        Raises AccountNotFoundError or ConfigError for an account that was named.
        """
        try:
            self.resolution  # noqa: B018  (a cached property)
        except ConfigError:
            if self.account is not None:
                raise

    @cached_property
    def client(self) -> MixpanelAPIClient:
        """The connection. Its requests count in the rate limiter of the data folder, like all
        others."""
        if self.client_override:
            return self.client_override
        settings, credentials = self.settings, self.resolution.credentials
        limiter = create_limiter(
            settings,
            credentials,
            # Questions of people must not use up the hour's budget of a scheduled sync.
            reserved=settings.sync_reserve,
            on_wait=self.on_wait or (lambda _seconds, _reason: None),
        )
        cache = ResponseCache(
            settings.folder.answers,
            max_age=settings.answers_kept,
            fresh=self.fresh,
            on_use=self.on_cached,
        )
        return create_client(settings, credentials, limiter, answers=cache)

    def resolution_or_none(self) -> Resolution | None:
        """Return the credentials; None if there are none."""
        try:
            return self.resolution
        except ConfigError:
            return None

    def close(self) -> None:
        """Close the connection, if this session opened it."""
        if self.client_override is None and "client" in self.__dict__:
            self.client.close()


def _in_region(credentials: Credentials, region: str) -> Credentials:
    fields = credentials.model_dump(exclude={"secret"}) | {
        "secret": credentials.secret.get_secret_value(),
        "region": region,
    }
    return credentials_from(fields, "The account")
