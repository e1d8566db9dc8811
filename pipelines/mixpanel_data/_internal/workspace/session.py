"""Who a workspace is, and what it holds open."""

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
    require_trusted,
    resolve,
)
from mixpanel_data._internal.rate_limit.limiter import RateLimiter
from mixpanel_data._internal.rate_limit.waiting import OnWait
from mixpanel_data._internal.services.query_api.arguments import require_choice
from mixpanel_data._internal.settings import Settings
from mixpanel_data.exceptions import ConfigError

REGIONS = ("us", "eu", "in")


@dataclass
class Session:
    """Credentials, those of the time it was made, and a connection, made when it is first needed.

    SQL needs neither, so there may be no credentials yet; the first ones that a request finds then
    stay.
    """

    settings: Settings
    account: str | None = None
    region: str | None = None
    config_manager: ConfigManager | None = None
    given_client: MixpanelAPIClient | None = None
    on_wait: OnWait | None = None
    fresh: bool = True
    on_kept: Callable[[float], None] = lambda _age: None

    def __post_init__(self) -> None:
        if self.region is not None:
            self.region = require_choice("region", self.region.strip().lower(), REGIONS)
        if self.given_client is None:
            self._keep_credentials()

    @cached_property
    def resolution(self) -> Resolution:
        """The credentials, and where they came from. Raises ConfigError when there are none."""
        if self.config_manager:
            named = self.config_manager.resolve(self.account or self.settings.account)
            found = require_trusted(self.settings, named)
        else:
            found = resolve(self.settings, self.account)
        if self.region is None:
            return found
        return Resolution(_in_region(found.credentials, self.region), found.source, found.account)

    def _keep_credentials(self) -> None:
        """Keep the credentials in force now, where there are some: another process may change the
        default account.

        Raises AccountNotFoundError or ConfigError for an account that was named.
        """
        try:
            self.resolution  # noqa: B018  (a cached property)
        except ConfigError:
            if self.account is not None:
                raise

    @cached_property
    def client(self) -> MixpanelAPIClient:
        """The connection. Its requests count in the data folder's budget, with those of every other
        door."""
        if self.given_client:
            return self.given_client
        credentials = self.resolution.credentials
        return MixpanelAPIClient(
            credentials,
            base_url=self.settings.api_base_url,
            allow_http=self.settings.allow_http,
            bounds=self.settings.bounds,
            gate=RateLimiter(
                self.settings.folder.budget,
                project_id=credentials.project_id,
                region=credentials.region,
                hourly_limit=self.settings.fixed_hourly_limit,
                reserved=self.settings.sync_reserve,
                pages_count=self.settings.profile_pages_count,
                max_wait=self.settings.max_wait,
                on_wait=self.on_wait or (lambda _seconds, _reason: None),
            ),
            max_rate_limit_wait=None,
            answers=ResponseCache(
                self.settings.folder.answers,
                max_age=self.settings.answers_kept,
                fresh=self.fresh,
                on_use=self.on_kept,
            ),
        )

    def known(self) -> Resolution | None:
        """The credentials, where there are any."""
        try:
            return self.resolution
        except ConfigError:
            return None

    def close(self) -> None:
        """Ends the connection, if it was ours and there was one."""
        if self.given_client is None and "client" in self.__dict__:
            self.client.close()


def _in_region(credentials: Credentials, region: str) -> Credentials:
    fields = credentials.model_dump(exclude={"secret"}) | {
        "secret": credentials.secret.get_secret_value(),
        "region": region,
    }
    return credentials_from(fields, "The account")
