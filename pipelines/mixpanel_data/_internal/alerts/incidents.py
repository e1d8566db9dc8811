"""Which alerts are due: one for each cause, not one for each run.

A cause is a failure with its code and days. Its first occurrence is an alert, and so is the third
one in a row; further ones are silent. When no cause is left, one alert says that all recovered.
What no target received is due in the next run as well.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mixpanel_data._internal.alerts.configuration import Kind

REPEATED = 3
"""The occurrences in a row after which a cause is an alert once more."""

PASSING = frozenset({"DATABASE_LOCKED", "RATE_LIMITED"})
"""Codes of failures that usually pass by themselves: only their third one in a row is an alert."""


@dataclass(frozen=True)
class Cause:
    """Why something is wrong, for as long as it is."""

    kind: Kind
    code: str
    """The code of an error, or the kind."""
    text: str
    since: str
    """When it occurred first: an ISO text, UTC."""
    days: frozenset[str] = frozenset()
    """The days that are missing because of it, as ISO texts."""
    steps: frozenset[str] = frozenset()
    """The steps of the run in which it occurred: a success of fewer ones is no recovery."""
    count: int = 1
    """The number of occurrences in a row."""
    announced: int = 0
    """The occurrence of the newest alert that a target received; 0 if there is none."""

    @property
    def is_due(self) -> bool:
        """Return True if an alert of it is due now."""
        is_new = self.announced == 0 and self.code not in PASSING
        return is_new or self.announced < REPEATED <= self.count

    def is_same(self, other: "Cause") -> bool:
        """Return True if ``other`` is another occurrence of this cause."""
        if (self.kind, self.code) != (other.kind, other.code):
            return False
        # Of the days of a failure some remain the same from run to run, also while new ones end.
        return bool(self.days & other.days) or self.days == other.days


@dataclass
class Incidents:
    """What is wrong now, and what recovered and was not reported yet."""

    open: list[Cause] = field(default_factory=list)
    recovered: list[Cause] = field(default_factory=list)
    crash_seen: str | None = None
    """The start of the newest killed run that was counted: an ISO text, UTC."""

    def record(self, causes: Iterable[Cause]) -> None:
        """Count occurrences of causes, each at most once in a run."""
        for cause in causes:
            known = next((each for each in self.open if each.is_same(cause)), None)
            if known is None:
                self.open.append(cause)
                continue
            self.open[self.open.index(known)] = replace(
                known, text=cause.text, days=known.days | cause.days, count=known.count + 1
            )

    def close(self, is_over: Callable[[Cause], bool]) -> None:
        """Close the causes for which ``is_over`` is true."""
        over = [cause for cause in self.open if is_over(cause)]
        self.open = [cause for cause in self.open if cause not in over]
        # No target received an alert of the others.
        self.recovered += [cause for cause in over if cause.announced]

    def due(self, kinds: Collection[str]) -> dict[Kind, list[Cause]]:
        """Return the causes of which an alert is due, by kind."""
        found: dict[Kind, list[Cause]] = {}
        for cause in self.open:
            if cause.kind in kinds and cause.is_due and not self._is_explained(cause, kinds):
                found.setdefault(cause.kind, []).append(cause)
        if self.recovered and not found and not any(cause.announced for cause in self.open):
            if "recovered" in kinds:
                found["recovered"] = list(self.recovered)
            else:
                self.recovered = []
        return found

    def _is_explained(self, cause: Cause, kinds: Collection[str]) -> bool:
        """Return True if another alert, sent or due, explains why the data are not fresh."""
        others = [other for other in self.open if other.kind != "not_fresh"]
        return cause.kind == "not_fresh" and any(
            other.announced or (other.is_due and other.kind in kinds) for other in others
        )

    def delivered(self, kind: str, causes: Sequence[Cause]) -> None:
        """Record that a target received an alert about these causes."""
        if kind == "recovered":
            self.recovered = [cause for cause in self.recovered if cause not in causes]
            return
        self.open = [
            replace(cause, announced=cause.count) if cause in causes else cause
            for cause in self.open
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON."""
        return {
            "open": [_to_dict(cause) for cause in self.open],
            "recovered": [_to_dict(cause) for cause in self.recovered],
            "crash_seen": self.crash_seen,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Incidents":
        """Return the incidents of :meth:`to_dict`.

        Raises:
            KeyError, TypeError, ValueError: if ``values`` is something else.
        """
        return cls(
            [_from_dict(cause) for cause in values["open"]],
            [_from_dict(cause) for cause in values["recovered"]],
            values["crash_seen"],
        )


def _to_dict(cause: Cause) -> dict[str, Any]:
    return {**vars(cause), "days": sorted(cause.days), "steps": sorted(cause.steps)}


def _from_dict(values: dict[str, Any]) -> Cause:
    sets = {name: frozenset(values[name]) for name in ("days", "steps")}
    return Cause(**{**values, **sets})
