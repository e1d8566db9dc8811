"""The wait after a 429. Mixpanel's page on 429 requires back-off, and gives no time to wait."""

from mixpanel_data._internal.api.errors import error_message
from mixpanel_data._internal.rate_limit.limits import Limit, limits_in_message, policy_limits
from mixpanel_data._internal.rate_limit.request_log import RequestLog
from mixpanel_data.exceptions import RateLimitError

FIRST_WAIT = 30.0
LONGEST_WAIT = 300.0


def apply_429(log: RequestLog, bucket: str, granted: float, error: RateLimitError) -> None:
    """Make every process wait after a 429: as long as the response requires, or half a minute.

    Half a minute doubles with each 429 in a row, up to five minutes. ``granted`` is when the
    request was permitted. Requests that were in flight together and get a 429 together count as
    one.
    """
    learned = policy_limits(str(error.details.get("rate_limit_policy") or ""))
    named = limits_in_message(error_message(error.response_body))
    if learned:  # exact, while the message may be a general one
        log.store_learned_limits(bucket, learned)
    else:
        log.store_named_limits(bucket, named)
    before = log.last_429(bucket)
    # Permitted before the last 429 was recorded: a part of the same one, not the next in a row.
    if before and granted <= before.recorded:
        until = max(before.until, log.now + (error.retry_after or 0))
        log.record_429(bucket, until, before.step)
        return
    step = before.step + 1 if before else 0
    log.record_429(bucket, log.now + _wait(step, error.retry_after, named), step)


def _wait(step: int, retry_after: int | None, named: list[Limit]) -> float:
    if retry_after is not None:
        # A response that keeps naming too short a time is trusted a little less each time.
        return max(float(retry_after), min(2.0**step, LONGEST_WAIT))
    first = min([FIRST_WAIT, *(limit.seconds for limit in named)])
    return min(first * 2.0**step, LONGEST_WAIT)
