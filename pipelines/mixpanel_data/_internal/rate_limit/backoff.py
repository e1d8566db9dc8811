"""What follows from a 429. Source of the back-off: Mixpanel's page on 429, which says that it names
no time to wait."""

from mixpanel_data._internal.api.errors import sentence
from mixpanel_data._internal.rate_limit.limits import Limit, named_limits, policy_limits
from mixpanel_data._internal.rate_limit.request_log import Books
from mixpanel_data.exceptions import RateLimitError

FIRST_WAIT = 30.0
LONGEST_WAIT = 300.0


def note_refusal(books: Books, bucket: str, granted: float, error: RateLimitError) -> None:
    """Make every process wait: as long as the answer says, else half a minute, doubling to five
    with each in a row.

    ``granted`` is when the refused request was let go. Requests that were under way together and
    are refused together count as one.
    """
    learned = policy_limits(str(error.details.get("rate_limit_policy") or ""))
    named = named_limits(sentence(error.response_body))
    if learned:  # exact, where the text may be a general one
        books.learn_limits(bucket, learned)
    else:
        books.name_limits(bucket, named)
    before = books.refusal(bucket)
    if before and granted <= before.noted:
        until = max(before.until, books.now + (error.retry_after or 0))
        books.refuse(bucket, until, before.step)
        return
    step = before.step + 1 if before else 0
    books.refuse(bucket, books.now + _wait(step, error.retry_after, named), step)


def _wait(step: int, retry_after: int | None, named: list[Limit]) -> float:
    if retry_after is not None:
        # An answer that keeps naming a time too short is believed a little less each time.
        return max(float(retry_after), min(2.0**step, LONGEST_WAIT))
    first = min([FIRST_WAIT, *(limit.seconds for limit in named)])
    return min(first * 2.0**step, LONGEST_WAIT)
