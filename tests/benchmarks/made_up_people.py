"""Profiles as a shop would have them: about a kilobyte each, many of them without a gigabyte of memory."""

import random
from datetime import UTC, datetime
from typing import Any

from mixpanel_data.sandbox import Dataset

LONG_AGO = "2026-01-01T00:00:00"
_TRAITS = 2_000


def people(count: int, *, changed: int = 0) -> Dataset:
    """``count`` profiles; the first ``changed`` of them have other properties than without it, and were seen just now."""
    rng = random.Random(1)
    traits = [_traits(rng) for _ in range(_TRAITS)]  # shared, so that the server stays small
    dataset = Dataset.empty()
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    for n in range(count):
        dataset.set_profile(
            f"user-{n}",
            {
                "$email": f"user-{n}@example.com",
                "$last_seen": now if n < changed else LONG_AGO,
                "visits": n % 97 + (n < changed),
                "traits": traits[n * 7919 % _TRAITS],
            },
        )
    return dataset


def _traits(rng: random.Random) -> dict[str, Any]:
    words = {f"trait {n}": f"{rng.getrandbits(96):024x}" for n in range(22)}
    return words | {
        "$city": rng.choice(["Köln", "Malmö", "東京"]),
        "tags": ["a", "b"],
        "none": None,
    }
