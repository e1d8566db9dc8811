"""Creates the client and the rate limiter of an account from the settings."""

from mixpanel_data._internal.api.answer_cache import ResponseCache
from mixpanel_data._internal.api.retry import OnRetry, ignore_retry
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.rate_limit.limiter import RateLimiter
from mixpanel_data._internal.rate_limit.waiting import OnWait
from mixpanel_data._internal.settings import Settings


def create_limiter(
    settings: Settings, credentials: Credentials, *, on_wait: OnWait, reserved: int = 0
) -> RateLimiter:
    """Return the rate limiter of the data folder, which all its processes share.

    ``reserved`` requests of each hour are left to other callers.
    """
    return RateLimiter(
        settings.folder.budget,
        project_id=credentials.project_id,
        region=credentials.region,
        hourly_limit=settings.fixed_hourly_limit,
        reserved=reserved,
        pages_count=settings.profile_pages_count,
        max_wait=settings.max_wait,
        on_wait=on_wait,
    )


def create_client(
    settings: Settings,
    credentials: Credentials,
    limiter: RateLimiter,
    *,
    answers: ResponseCache | None = None,
    on_retry: OnRetry = ignore_retry,
) -> MixpanelAPIClient:
    """Return a client whose requests ``limiter`` permits; it waits for 429s, too."""
    return MixpanelAPIClient(
        credentials,
        base_url=settings.api_base_url,
        allow_http=settings.allow_http,
        bounds=settings.bounds,
        gate=limiter,
        max_rate_limit_wait=None,
        answers=answers,
        on_retry=on_retry,
    )
