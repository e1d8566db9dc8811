"""Reads of the shop's profiles: they come, change, go and come back."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from support.marts import shop
from support.raw_file import RawFile

Profiles = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Read:
    """What one read of the profiles found; one that is not complete has some, and the others may be unchanged."""

    found: Profiles
    complete: bool = True


ANN = {"$name": "Ann", "pl'an / $tier.x": "free"}
BOB = {"$name": "Bob", "$email": None, "visits": 7}
DEVICE = {"$last_seen": "2026-03-30T10:00:00", "same": [1, {"b": None}]}
ODD: dict[str, Any] = {
    "$created": "2026-01-01T01:00:00+02:00",
    "$last_seen": "yesterday",
    "visits": "many",
}
LAST: dict[str, dict[str, Any]] = {
    "ann": {"$name": "Ann", "": 0, "same": 1},
    "bob": {"$name": "Bob", "visits": 9},
    "$device:d2": DEVICE,
    "odd": ODD,
    "away": {"back": True},
}

READS = [
    Read({"ann": ANN, "bob": BOB, "$device:d2": DEVICE, "$device:d4": DEVICE, "away": {}}),
    Read({"bob": {**BOB, "visits": 8}, "zoe": {"a/b": 1, "a~b": 1}}, complete=False),
    Read({"ann": ANN, "bob": {**BOB, "visits": 8}, "$device:d2": DEVICE, "$device:d4": DEVICE}),
    Read({"ann": {**ANN, "": 0}}, complete=False),
    Read({"ann": {**ANN, "": 0}, "$device:d2": DEVICE, "away": {"back": True}, "zoe": {}}),
    Read({"ann": {"$name": "Ann", "": 0, "Same": 1, "same": 2}, "odd": {}}, complete=False),
    Read(LAST),
    Read(LAST),
]
COMPANIES: list[Profiles] = [{"c1": {"n": 1}, "c2": {}}, {"c1": {"n": 2}}]


def load(raw: RawFile, first: int, stop: int) -> None:
    """Loads the reads from ``first`` to before ``stop``, and companies with the first and with the last."""
    for read in READS[first:stop]:
        raw.profiles(read.found, complete=read.complete)
    if first == 0:
        raw.group_profiles("company", COMPANIES[0])
    elif stop == len(READS):
        raw.group_profiles("company", COMPANIES[1])


def at_random(chance: random.Random) -> Profiles:
    """Some people and devices of the shop, each with some of a few properties."""
    known = [*shop.OWNERS.values(), "nobody", *(f"$device:{name}" for name in shop.DEVICES)]
    return {
        name: {key: chance.randrange(2) for key in ("visits", "$name", "") if chance.random() < 0.7}
        for name in chance.sample(sorted(set(known)), chance.randrange(1, 9))
    }
