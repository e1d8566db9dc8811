"""Detects misspelled event names: Mixpanel answers with nothing, as for a day without events."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches

from mixpanel_data.exceptions import ConfigWarning, MixpanelDataError, QueryError

# The share of equal characters: "sing up" is near "sign up" (0.86), "sign in" is not (0.71).
_NEAR = 0.75
_CALLER_LEVEL = 4  # frames up: these two functions, the service, its caller


def raise_for_misspelled_events(events: Iterable[str], known: Callable[[], Sequence[str]]) -> None:
    """Raise QueryError if one of ``events``, for which Mixpanel returned nothing, looks misspelled.

    ``known`` requests the names of existing events. The error names up to three near matches. An
    event without near matches may exist all the same, since Mixpanel lists the events of the last
    31 days only: an empty response is then right, which a ConfigWarning explains.
    """
    for event, near in _unknown(events, known):
        if near:
            raise QueryError(
                _unknown_event_message(event, near), details={"event": event, "near_matches": near}
            )
        warnings.warn(_unknown_event_message(event, near), ConfigWarning, stacklevel=_CALLER_LEVEL)


def warn_about_unknown_events(
    events: Iterable[str], known: Callable[[], Sequence[str]], *, stacklevel: int = _CALLER_LEVEL
) -> None:
    """Warn about unknown ``events``, for which Mixpanel returned nothing, while it returned others."""
    for event, near in _unknown(events, known):
        warnings.warn(_unknown_event_message(event, near), ConfigWarning, stacklevel=stacklevel)


def near_matches(name: str, names: Sequence[str]) -> list[str]:
    """Return up to three of ``names`` similar to ``name``, the nearest first, ignoring case."""
    # Mixpanel tells names apart by case, and people often do not.
    spellings = {known.casefold(): known for known in names}
    found = get_close_matches(name.casefold(), list(spellings), n=3, cutoff=_NEAR)
    return [spellings[spelling] for spelling in found]


def _unknown(
    events: Iterable[str], known: Callable[[], Sequence[str]]
) -> Iterator[tuple[str, list[str]]]:
    try:
        names = known()
    except MixpanelDataError:
        return  # the response is valid; only the advice is missing
    for event in events:
        if event not in names:
            yield event, near_matches(event, names)


def _unknown_event_message(event: str, near: Sequence[str]) -> str:
    if near:
        return f"Unknown event {event!r}, did you mean {' or '.join(map(repr, near))}?"
    return f"Mixpanel lists no event {event!r} of the last 31 days."
