"""Events that nobody sends: Mixpanel answers with nothing, and a slip of the pen looks like a quiet
day."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches

from mixpanel_data.exceptions import ConfigWarning, MixpanelDataError, QueryError

_NEAR = 0.75
_ASKED_BY = 4  # frames up: these two functions, the service that calls them, whoever asked


def refuse_slips(events: Iterable[str], known: Callable[[], Sequence[str]]) -> None:
    """Called when Mixpanel had nothing at all to say of ``events``; ``known`` asks for the names
    there are.

    Raises QueryError, naming up to three near matches, for an event that is not among them. One
    without near matches may exist all the same, as Mixpanel lists the events of the last 31 days
    only: nothing at all is then the right answer, and a ConfigWarning says what is odd about it.
    """
    for event, near in _unknown(events, known):
        if near:
            raise QueryError(_said(event, near), details={"event": event, "near_matches": near})
        warnings.warn(_said(event, near), ConfigWarning, stacklevel=_ASKED_BY)


def warn_of_slips(
    events: Iterable[str], known: Callable[[], Sequence[str]], *, stacklevel: int = _ASKED_BY
) -> None:
    """Called when Mixpanel had nothing to say of ``events``, and what it did say is worth keeping."""
    for event, near in _unknown(events, known):
        warnings.warn(_said(event, near), ConfigWarning, stacklevel=stacklevel)


def near_matches(name: str, names: Sequence[str]) -> list[str]:
    """Up to three of ``names`` that look like ``name``, the nearest first, whatever the case of
    their letters."""
    spellings = {known.casefold(): known for known in names}
    found = get_close_matches(name.casefold(), list(spellings), n=3, cutoff=_NEAR)
    return [spellings[spelling] for spelling in found]


def _unknown(
    events: Iterable[str], known: Callable[[], Sequence[str]]
) -> Iterator[tuple[str, list[str]]]:
    try:
        names = known()
    except MixpanelDataError:
        return  # the answer is right as it is; only the advice is missing
    for event in events:
        if event not in names:
            yield event, near_matches(event, names)


def _said(event: str, near: Sequence[str]) -> str:
    if near:
        return f"Unknown event {event!r}, did you mean {' or '.join(map(repr, near))}?"
    return f"Mixpanel lists no event {event!r} of the last 31 days."
