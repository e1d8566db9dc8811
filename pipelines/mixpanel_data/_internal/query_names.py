"""Events that nobody sends: Mixpanel answers with nothing, and a slip of the pen looks like a quiet day."""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches

from mixpanel_data.exceptions import MixpanelDataError, QueryError

_NEAR = 0.75


def refuse_slips(events: Iterable[str], known: Callable[[], Sequence[str]]) -> None:
    """Called when Mixpanel had nothing to say of ``events``; ``known`` asks for the names there are.

    Raises QueryError, naming up to three near matches, for an event that is not among them. One without near matches
    may exist all the same, as Mixpanel lists the events of the last 31 days only: nothing at all is then the right answer.
    """
    try:
        names = known()
    except MixpanelDataError:
        return  # the answer is right as it is; only the advice is missing
    for event in events:
        near = [] if event in names else near_matches(event, names)
        if near:
            raise QueryError(
                f"Unknown event {event!r}, did you mean {' or '.join(map(repr, near))}?",
                details={"event": event, "near_matches": near},
            )


def near_matches(name: str, names: Sequence[str]) -> list[str]:
    """Up to three of ``names`` that look like ``name``, the nearest first, whatever the case of their letters."""
    spellings = {known.casefold(): known for known in names}
    found = get_close_matches(name.casefold(), list(spellings), n=3, cutoff=_NEAR)
    return [spellings[spelling] for spelling in found]
